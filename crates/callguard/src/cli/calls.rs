//! Which source belongs to which call: on the command line the order tells.

use std::ffi::OsString;

use clap::ArgMatches;

use crate::capture::Kinds;

/// One call and what is heard and seen in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSources {
    /// The call's name.
    pub call: String,
    /// Its sources, in the order given.
    pub sources: Vec<Asked>,
}

/// A source, and what is wanted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// As it was written.
    pub argument: OsString,
    /// Its pictures after `--video`, its sound after `--audio`, else both.
    pub wanted: Kinds,
}

/// Name of a call that was given none.
const UNNAMED: &str = "call";

/// Groups the sources of `watch` by the `--call` before each; sources before the first get the name `call`.
///
/// A call without a source is a mistake that is told, not an empty call.
pub fn calls(matches: &ArgMatches) -> Result<Vec<CallSources>, String> {
    let names = indexed::<String>(matches, "calls");
    let asked = |id: &str, sound: bool, pictures: bool| {
        let with = move |(at, argument)| (at, Asked { argument, wanted: Kinds { sound, pictures } });
        indexed::<OsString>(matches, id).into_iter().map(with)
    };
    let mut sources: Vec<(usize, Asked)> =
        asked("sources", true, true).chain(asked("video", false, true)).chain(asked("audio", true, false)).collect();
    sources.sort_by_key(|(at, _)| *at);
    let mut groups: Vec<CallSources> = Vec::new();
    for name in names.iter().map(|(_, name)| name) {
        if name.trim().is_empty() {
            return Err("--call needs a name that is not empty".to_owned());
        }
    }
    for (at, source) in &sources {
        let call = names.iter().rev().find(|(name_at, _)| name_at < at).map_or(UNNAMED, |(_, name)| name.as_str());
        match groups.iter_mut().find(|g| g.call == call) {
            Some(group) => group.sources.push(source.clone()),
            None => groups.push(CallSources { call: call.to_owned(), sources: vec![source.clone()] }),
        }
    }
    for (_, name) in &names {
        if !groups.iter().any(|g| g.call == *name) {
            return Err(format!("--call {name} is followed by no source: write --call {name} SRC"));
        }
    }
    Ok(groups)
}

fn indexed<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> Vec<(usize, T)> {
    let values = matches.get_many::<T>(id).into_iter().flatten().cloned();
    matches.indices_of(id).into_iter().flatten().zip(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn grouped(line: &str) -> Result<Vec<(String, Vec<String>)>, String> {
        let matches = crate::cli::Cli::command().try_get_matches_from(line.split(' ')).map_err(|e| e.to_string())?;
        let groups = calls(matches.subcommand_matches("watch").unwrap())?;
        let text = |s: &Asked| {
            let mark = match s.wanted {
                Kinds { sound: false, .. } => "video ",
                Kinds { pictures: false, .. } => "audio ",
                _ => "",
            };
            format!("{mark}{}", s.argument.to_string_lossy())
        };
        Ok(groups.iter().map(|g| (g.call.clone(), g.sources.iter().map(text).collect())).collect())
    }

    #[track_caller]
    fn assert_groups(line: &str, wanted: &[(&str, &[&str])]) {
        let wanted: Vec<_> =
            wanted.iter().map(|(c, s)| ((*c).to_owned(), s.iter().map(|s| (*s).to_owned()).collect())).collect();
        assert_eq!(grouped(line), Ok(wanted), "{line}");
    }

    #[test]
    fn sources_follow_their_call() {
        assert_groups("callguard watch mic", &[("call", &["mic"])]);
        assert_groups("callguard watch --call a one two", &[("a", &["one", "two"])]);
        assert_groups("callguard watch --call a one --call b two", &[("a", &["one"]), ("b", &["two"])]);
        assert_groups(
            "callguard watch zero --call a one --jsonl f two",
            &[("call", &["zero"]), ("a", &["one", "two"])],
        );
        assert_groups(
            "callguard watch --call a one --call b two --call a three",
            &[("a", &["one", "three"]), ("b", &["two"])],
        );
    }

    #[test]
    fn parts_of_sources_follow_their_call_too() {
        assert_groups("callguard watch --video a.mp4 --audio b.wav", &[("call", &["video a.mp4", "audio b.wav"])]);
        assert_groups(
            "callguard watch --call a --audio b.wav one --call b --video camera --call a --video two",
            &[("a", &["audio b.wav", "one", "video two"]), ("b", &["video camera"])],
        );
    }

    #[test]
    fn a_call_without_a_source_is_a_mistake() {
        assert!(grouped("callguard watch --call a one --call b").unwrap_err().contains("--call b"));
        assert!(grouped("callguard watch --call a").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        crate::cli::Cli::command().debug_assert();
    }
}
