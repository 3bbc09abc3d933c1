//! `MERGE`: files that a pull request would change. It is judged before a merge and changes nothing in AWS.
//!
//! No gate file can route events to it: `reeve check` makes its events itself.

use crate::{Ask, Draft, Fields, Kind, Need, World};
use reeve_json::Node;
use reeve_model::action::MergeFile;
use reeve_model::{Action, Code, PlannedAction, Refusal};
use std::collections::BTreeSet;

/// Longest path of a file, characters: as long as a path on Linux.
const PATH_CHARS_MAX: usize = 4_096;

/// The kind `MERGE`. It has nothing to configure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merge;

impl Kind for Merge {
    fn name(&self) -> &'static str {
        "MERGE"
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let mut fields = ask.fields();
        let at = fields.at("files");
        let items = fields.array("files").unwrap_or_default();
        fields.finish()?;
        let (mut files, mut refusals, mut paths) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (index, item) in items.iter().enumerate() {
            let at = format!("{at}/{index}");
            match file(item, &at) {
                Ok(file) if !paths.insert(file.path.clone()) => {
                    let message = format!("file `{}` is in the request twice", file.path.escape_debug());
                    refusals.push(Refusal::new(Code::BatchConflict, format!("{at}/path"), message));
                }
                Ok(file) => files.push(PlannedAction { at, action: Action::MergeFile(file) }),
                Err(found) => refusals.extend(found),
            }
        }
        if refusals.is_empty() { Ok(Box::new(Asked { files })) } else { Err(refusals) }
    }
}

fn file(node: &Node, at: &str) -> Result<MergeFile, Vec<Refusal>> {
    let mut fields = Fields::of(node, at).map_err(|refusal| vec![refusal])?;
    let path = fields.string("path");
    if let Some(path) = path.filter(|path| !is_path(path)) {
        let message = format!("`{}` is not a path below the root of a repository", path.escape_debug());
        fields.refuse(Refusal::new(Code::BadValue, format!("{at}/path"), message));
    }
    let media_type = fields.string("media_type");
    let before = fields.optional_string("before").flatten().map(str::to_owned);
    let after = fields.optional_string("after").flatten().map(str::to_owned);
    if before == after {
        let message = "the file is the same before and after";
        fields.refuse(Refusal::new(Code::BadValue, at, message));
    }
    fields.finish()?;
    match path.zip(media_type) {
        Some((path, media_type)) => {
            Ok(MergeFile { path: path.to_owned(), media_type: media_type.to_owned(), before, after })
        }
        // Whatever is missing has left a refusal, so `finish` has returned it.
        None => Err(vec![Refusal::new(Code::BadValue, at, "the file is malformed")]),
    }
}

/// A relative path that stays where it is: no empty part, no `.` and no `..`.
fn is_path(text: &str) -> bool {
    text.chars().count() <= PATH_CHARS_MAX && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

struct Asked {
    files: Vec<PlannedAction>,
}

impl Draft for Asked {
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    fn actions(&self, _world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        Ok(self.files.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{expected, plan, refused};

    #[test]
    fn each_file_is_one_action() {
        let detail = r#"{"files":[{"path":"scps/a.json","media_type":"application/json","after":"{}"},
            {"path":"b.yaml","media_type":"application/yaml","before":"x"}]}"#;
        let planned = plan(&Merge, detail, &World::default()).expect("good");
        let file = |path: &str, media_type: &str, before: Option<&str>, after: Option<&str>| {
            let owned = |text: &str| text.to_owned();
            let (before, after) = (before.map(owned), after.map(owned));
            Action::MergeFile(MergeFile { path: owned(path), media_type: owned(media_type), before, after })
        };
        let expected = [
            file("scps/a.json", "application/json", None, Some("{}")),
            file("b.yaml", "application/yaml", Some("x"), None),
        ];
        for (index, (planned, action)) in planned.iter().zip(expected).enumerate() {
            assert_eq!(*planned, PlannedAction { at: format!("/detail/files/{index}"), action });
        }
        assert_eq!(planned.len(), 2);
        assert_eq!(plan(&Merge, r#"{"files":[]}"#, &World::default()), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let of = |path: &str| format!(r#"{{"files":[{{"path":"{path}","media_type":"x","after":"y"}}]}}"#);
        for bad in ["", "/a", "a//b", "../a", "a/./b", "a/"] {
            assert_eq!(
                refused(&Merge, &of(bad), &World::default()),
                expected(&[("BAD_VALUE", "/detail/files/0/path")]),
                "{bad}"
            );
        }
        assert!(plan(&Merge, &of(&"a".repeat(PATH_CHARS_MAX)), &World::default()).is_ok());
        assert!(plan(&Merge, &of(&"a".repeat(PATH_CHARS_MAX + 1)), &World::default()).is_err());
        let same = r#"{"files":[{"path":"a","media_type":"x","before":"y","after":"y"}]}"#;
        assert_eq!(refused(&Merge, same, &World::default()), expected(&[("BAD_VALUE", "/detail/files/0")]));
        let twice =
            r#"{"files":[{"path":"a","media_type":"x","after":"y"},{"path":"a","media_type":"x","after":"z"}]}"#;
        assert_eq!(refused(&Merge, twice, &World::default()), expected(&[("BATCH_CONFLICT", "/detail/files/1/path")]));
    }
}
