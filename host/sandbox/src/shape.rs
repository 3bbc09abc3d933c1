//! What a component may look like before it is compiled.
//!
//! A compiler takes time and memory that grow faster than what it reads: a function of half a megabyte that is made for
//! it keeps one busy for minutes. So the work is estimated first, from sizes that are read without compiling.

use crate::limits::{
    COMPILE_WORK_MAX, COMPONENT_BYTES_MAX, FUNCTION_BYTES_MAX, FUNCTION_PARAMS_MAX, FUNCTION_RESULTS_MAX, FUNCTIONS_MAX,
};
use reeve_model::Fault;
use wasmparser::{CompositeInnerType, FunctionBody, Parser, Payload, TypeSectionReader};

/// Bytes of a function in which each value is looked at about once.
const FUNCTION_BYTES_USUAL: u64 = 65_536;

/// Refuses what would keep a compiler busy for too long. That the bytes are a component at all is the compiler's to say.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return refused(&format!("it has {} bytes, more than {COMPONENT_BYTES_MAX}", bytes.len()));
    }
    let mut functions: u64 = 0;
    let mut work: u64 = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(bad)?;
        if let Payload::TypeSection(types) = payload {
            signatures(types)?;
        } else if let Payload::CodeSectionEntry(body) = payload {
            functions += 1;
            work = work.saturating_add(work_of(&body)?);
            if functions > FUNCTIONS_MAX {
                return refused(&format!("it has more than {FUNCTIONS_MAX} functions"));
            }
            if work > COMPILE_WORK_MAX {
                return refused("its functions are so large, with so many locals, that compiling would take too long");
            }
        }
    }
    Ok(())
}

/// A block of many parameters is two bytes to write, and as many values to compile.
fn signatures(types: TypeSectionReader<'_>) -> Result<(), Fault> {
    for group in types {
        let group = group.map_err(bad)?;
        for ty in group.types() {
            let CompositeInnerType::Func(function) = &ty.composite_type.inner else { continue };
            let (params, results) = (function.params().len(), function.results().len());
            if params > FUNCTION_PARAMS_MAX || results > FUNCTION_RESULTS_MAX {
                return refused(&format!(
                    "a function has {params} parameters and {results} results; \
                     at most {FUNCTION_PARAMS_MAX} and {FUNCTION_RESULTS_MAX} are compiled"
                ));
            }
        }
    }
    Ok(())
}

/// What a function costs to compile, in units of one byte with one local. Measured: time grows with bytes times locals, and
/// from [`FUNCTION_BYTES_USUAL`] on with the bytes once more.
fn work_of(body: &FunctionBody<'_>) -> Result<u64, Fault> {
    let bytes = body.range().len();
    if bytes > FUNCTION_BYTES_MAX {
        return refused(&format!("a function has {bytes} bytes, more than {FUNCTION_BYTES_MAX}"));
    }
    let mut locals: u64 = 1;
    for group in body.get_locals_reader().map_err(bad)? {
        locals = locals.saturating_add(u64::from(group.map_err(bad)?.0));
    }
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    Ok(bytes.saturating_mul(locals).saturating_mul(1 + bytes / FUNCTION_BYTES_USUAL))
}

fn bad(error: wasmparser::BinaryReaderError) -> Fault {
    let message = reeve_model::text::shown(&error.message().lines().collect::<Vec<_>>().join(" "), 400);
    Fault::NotAComponent { message }
}

fn refused<T>(message: &str) -> Result<T, Fault> {
    Err(Fault::NotAComponent { message: message.to_owned() })
}
