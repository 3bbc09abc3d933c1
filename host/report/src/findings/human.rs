//! Findings for people: the lines that they wrote, with what is wrong below.

use super::calm::{calm, calm_line};
use super::{Report, Sources, Summary};
use crate::paint::{Paint, Role};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use reeve_model::{Finding, Place, Severity};

/// What stands, with excerpts, then one line with the numbers. Nothing was found at all: the empty string.
///
/// Texts of files and of findings lose what a terminal would obey before they are shown; colour is the only escape
/// sequence that comes out, and only if asked for.
#[must_use]
pub fn human(report: &Report, sources: &Sources, colour: bool) -> String {
    let summary = report.summary();
    if summary == Summary::default() {
        return String::new();
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for it in &report.standing {
        let rendered = renderer.render(&groups(&it.finding, sources));
        for line in rendered.lines().filter(|line| !names_file_again(line)) {
            // The renderer pads some lines with spaces.
            push(&mut out, line.trim_end());
        }
        push(&mut out, "");
    }
    push(&mut out, &line(summary, Paint::new(colour)));
    out
}

/// Whether a line only holds the sign `:::`, with which the renderer begins an excerpt whose place was stated apart. No
/// line of a file looks so: those have a number and a bar before them.
fn names_file_again(line: &str) -> bool {
    let mut bare = String::new();
    let mut in_colour = false;
    for char in line.chars() {
        match char {
            '\u{1b}' => in_colour = true,
            'm' if in_colour => in_colour = false,
            _ if in_colour => {}
            _ => bare.push(char),
        }
    }
    bare.trim() == ":::"
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn groups<'a>(finding: &Finding, sources: &Sources) -> Vec<Group<'a>> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(calm(&finding.message)).id(calm(&finding.code));
    let mut main = placed(Group::with_title(title), finding.place.as_ref(), sources, AnnotationKind::Primary);
    if let Some(fix) = &finding.fix {
        main = main.element(Level::HELP.message(calm(fix)));
    }
    let about = finding.subject.as_ref().map(|subject| format!(" about `{}`", calm(subject)));
    main = main.element(Level::NOTE.message(format!("found by `{}`{}", calm(&finding.by), about.unwrap_or_default())));
    let related = finding.related.iter().map(|(place, why)| {
        let title = Level::NOTE.secondary_title(calm(why));
        placed(Group::with_title(title), Some(place), sources, AnnotationKind::Context)
    });
    std::iter::once(main).chain(related).collect()
}

/// Adds the place, and the line where its text is known. The column is stated, not counted by the renderer: the line is
/// shown escaped, so its columns are others than those of the file.
fn placed<'a>(group: Group<'a>, place: Option<&Place>, sources: &Sources, kind: AnnotationKind) -> Group<'a> {
    let Some(place) = place else { return group };
    let line = usize::try_from(place.line).unwrap_or(usize::MAX);
    let column = usize::try_from(place.column).unwrap_or(usize::MAX);
    let group = group.element(Origin::path(calm(&place.file)).line(line).char_column(column));
    let Some(extent) = sources.extent(place) else { return group };
    let (text, span) = calm_line(extent.line, &extent.bytes);
    group.element(Snippet::source(text).line_start(line).annotation(kind.span(span)))
}

/// `3 errors, 1 warning, 2 waived`; what there is none of is left out.
fn line(summary: Summary, paint: Paint) -> String {
    let many = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    let same = |count: usize, words: &str| (count > 0).then(|| format!("{count} {words}"));
    let parts = [
        many(summary.errors, "error").map(|text| paint.paint(Role::Bad, text)),
        many(summary.warnings, "warning").map(|text| paint.paint(Role::Warn, text)),
        many(summary.infos, "remark"),
        same(summary.waived, "waived").map(|text| paint.paint(Role::Faint, text)),
        same(summary.known, "in the baseline").map(|text| paint.paint(Role::Faint, text)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
