//! Mutations that a seed of a number generator decides, so that every run is the same.

/// Longest mutation, bytes: longer inputs find nothing that shorter ones do not, and take longer.
const INPUT_BYTES_MAX: usize = 4_096;
/// Most changes made to one input.
const CHANGES_MAX: usize = 4;

/// Marsaglia's xorshift64. Good enough to choose bytes.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator; equal seeds give equal numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The next number.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`; zero where there is none.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.next() >> 16) % end).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// Two places in an input of this length, in their order.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let (one, other) = (self.below(length + 1), self.below(length + 1));
        one.min(other)..one.max(other)
    }
}

/// The words of a dictionary of libFuzzer: one in double quotes a line, with `\\`, `\"` and `\xAB`.
///
/// # Panics
/// When a line is neither that nor a comment.
#[must_use]
pub fn words(dictionary: &str) -> Vec<Vec<u8>> {
    let lines = dictionary.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let word = |line: &str| {
        let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
        inner.and_then(unescaped).unwrap_or_else(|| panic!("not a word of a dictionary: {line}"))
    };
    lines.map(word).collect()
}

fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.extend_from_slice(plain.as_bytes());
        rest = match escape.strip_prefix('x') {
            Some(hex) => {
                let (digits, rest) = hex.split_at_checked(2)?;
                out.push(u8::from_str_radix(digits, 16).ok()?);
                rest
            }
            None => {
                let (char, rest) = escape.split_at_checked(1)?;
                out.extend_from_slice(char.as_bytes());
                rest
            }
        };
    }
    out.extend_from_slice(rest.as_bytes());
    Some(out)
}

/// One of the seeds with a few changes.
#[must_use]
pub fn mutation(random: &mut Random, seeds: &[Vec<u8>], tokens: &[Vec<u8>]) -> Vec<u8> {
    let mut input = random.pick(seeds).cloned().unwrap_or_default();
    for _ in 0..=random.below(CHANGES_MAX) {
        change(random, &mut input, seeds, tokens);
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

fn change(random: &mut Random, input: &mut Vec<u8>, seeds: &[Vec<u8>], tokens: &[Vec<u8>]) {
    let at = random.below(input.len() + 1);
    match random.below(12) {
        0 => {
            let bit = 1 << random.below(8);
            if let Some(byte) = input.get_mut(at) {
                *byte ^= bit;
            }
        }
        1 => {
            let with = random.byte();
            if let Some(byte) = input.get_mut(at) {
                *byte = with;
            }
        }
        2 => input.truncate(at),
        3 => {
            let range = random.range(input.len());
            let end = range.end.min(range.start + 16);
            input.drain(range.start..end);
        }
        4 => {
            let range = random.range(input.len());
            let copy = input[range.start..range.end.min(range.start + 64)].to_vec();
            input.splice(at..at, copy);
        }
        5 => {
            // The head of this one, the tail of another.
            if let Some(other) = random.pick(seeds) {
                let from = random.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
        6 => {
            let char = char::from_u32(u32::try_from(random.below(0x1_1000)).unwrap_or(0)).unwrap_or('\u{fffd}');
            input.splice(at..at, char.to_string().into_bytes());
        }
        7 | 8 => {
            // A name or a number for another one, which leaves the frame around it whole.
            let other = random.pick(seeds).cloned().unwrap_or_default();
            let with = other[plain_run(&other, random.below(other.len() + 1))].to_vec();
            let range = plain_run(input, at);
            input.splice(range, with);
        }
        _ => {
            // A word of the format: put in, or in place of as many bytes.
            let word = random.pick(tokens).map_or(&b""[..], Vec::as_slice);
            let end = if random.below(2) == 0 { at } else { (at + word.len()).min(input.len()) };
            input.splice(at..end, word.iter().copied());
        }
    }
}

/// The longest run around a place without quotes, brackets, separators and white space.
fn plain_run(input: &[u8], at: usize) -> std::ops::Range<usize> {
    let frame = |byte: &u8| byte.is_ascii_whitespace() || b"{}[](),:\"'\\".contains(byte);
    let start = input[..at].iter().rposition(frame).map_or(0, |place| place + 1);
    let end = input[at..].iter().position(frame).map_or(input.len(), |length| at + length);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_libfuzzer_reads_them() {
        let words = words("# x\n\"a b\"\n\n\"\\\"\\\\\\x0A\\xC3\\xA9\"\n");
        assert_eq!(words, [b"a b".to_vec(), "\"\\\n\u{e9}".as_bytes().to_vec()]);
    }

    #[test]
    fn equal_seeds_give_equal_mutations_and_short_ones() {
        let seeds = vec![b"{\"a\":1}".to_vec(), vec![b'x'; 2 * INPUT_BYTES_MAX], Vec::new()];
        let run = |seed| {
            let mut random = Random::new(seed);
            (0..500).map(|_| mutation(&mut random, &seeds, &[b"true".to_vec(), b"\xFF".to_vec()])).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(9));
        assert!(run(7).iter().all(|input| input.len() <= INPUT_BYTES_MAX));
        assert!(mutation(&mut Random::new(1), &[], &[]).len() <= INPUT_BYTES_MAX, "without seeds and words");
    }
}
