//! The annotated profiles that are shipped; they travel inside the program.

/// A starting point for a kind of user.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Its name on the command line.
    pub name: &'static str,
    /// The file, with its annotations.
    pub text: &'static str,
}

/// All of them; the first is the default.
pub const PROFILES: [Profile; 3] = [
    Profile { name: "broadcast", text: include_str!("../../../../configs/broadcast.toml") },
    Profile { name: "kyc", text: include_str!("../../../../configs/kyc.toml") },
    Profile { name: "meeting", text: include_str!("../../../../configs/meeting.toml") },
];

/// The one of that name.
#[must_use]
pub fn find(name: &str) -> Option<Profile> {
    PROFILES.into_iter().find(|p| p.name == name)
}

/// The names, for messages.
#[must_use]
pub fn names() -> String {
    PROFILES.map(|p| p.name).join(", ")
}
