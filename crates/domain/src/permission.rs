//! Who may do what: the one place. Pure functions of who asks and what is asked.

use crate::PersonId;
use crate::project::UnknownWord;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What a person is in one project. A person may hold several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Annotator,
    /// An annotator that is a program: acts by token only.
    Machine,
    Owner,
    Engineer,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Annotator, Role::Machine, Role::Owner, Role::Engineer];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Annotator => "annotator",
            Role::Machine => "machine",
            Role::Owner => "owner",
            Role::Engineer => "engineer",
        }
    }
}

impl FromStr for Role {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Role::ALL.into_iter().find(|r| r.as_str() == text).ok_or(())
    }
}

/// A set of roles, written as a comma-separated list in fixed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Roles(u8);

impl Roles {
    pub const NONE: Roles = Roles(0);

    pub fn of(roles: &[Role]) -> Roles {
        Roles(roles.iter().fold(0, |bits, r| bits | 1 << *r as u8))
    }

    pub fn has(self, role: Role) -> bool {
        self.0 & 1 << role as u8 != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is left of them in an archived project: those who look after it still see it, nobody labels in it.
    pub fn in_archive(self) -> Roles {
        Roles(self.0 & Roles::of(&[Role::Owner, Role::Engineer]).0)
    }

    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |r| self.has(*r))
    }

    /// Reads the list written by [`Roles::to_list`]; names that are not roles are passed over.
    pub fn from_list(list: &str) -> Roles {
        Roles::of(&list.split(',').filter_map(|r| r.trim().parse().ok()).collect::<Vec<_>>())
    }

    pub fn to_list(self) -> String {
        self.iter().map(Role::as_str).collect::<Vec<_>>().join(",")
    }
}

/// What a token may be used for. It never lets its holder do more than their roles do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Take items from a queue and answer them, and nothing else.
    Label,
    /// Read what the holder may see.
    Read,
    /// Read and change what the holder may.
    Write,
}

impl Scope {
    pub const ALL: [Scope; 3] = [Scope::Label, Scope::Read, Scope::Write];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Label => "label",
            Scope::Read => "read",
            Scope::Write => "write",
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = UnknownWord;
    fn try_from(text: String) -> Result<Self, UnknownWord> {
        text.parse().map_err(|()| UnknownWord(text))
    }
}

impl FromStr for Scope {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Scope::ALL.into_iter().find(|s| s.as_str() == text).ok_or(())
    }
}

/// Everything that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Act {
    /// See one's own account, the list of one's projects; change one's own password.
    OwnAccount,
    /// Set up one's own second factor. All that is left to somebody who has none where everyone must have one.
    SecondFactor,
    /// Know that the project is there: its name, the open queues.
    SeeProject,
    /// Take items from an open queue and answer them; see one's own answers.
    Label,
    /// Hold a token for labeling alone.
    HoldLabelToken,
    /// See other people's answers, consensus, agreement, control marks, the item browser, releases.
    SeeOthers,
    /// Edit the draft and publish taxonomy versions.
    EditTaxonomy,
    /// Decide conflicts; set an annotator's answers aside.
    Adjudicate,
    /// Import, undo an import, define slices.
    Import,
    /// Define, open and close queues, release leases.
    RunQueues,
    /// Cut releases.
    CutRelease,
    /// Hold read or write tokens.
    HoldDataToken,
    /// Create, archive, duplicate projects.
    ManageProjects,
    /// People, roles, reset links.
    ManagePeople,
    /// Install and remove encoders: models that make vectors of texts, for all projects.
    ManageEncoders,
    /// Read the audit log; health of the installation.
    ReadAudit,
}

impl Act {
    pub const ALL: [Act; 16] = [
        Act::OwnAccount,
        Act::SecondFactor,
        Act::SeeProject,
        Act::Label,
        Act::HoldLabelToken,
        Act::SeeOthers,
        Act::EditTaxonomy,
        Act::Adjudicate,
        Act::Import,
        Act::RunQueues,
        Act::CutRelease,
        Act::HoldDataToken,
        Act::ManageProjects,
        Act::ManagePeople,
        Act::ManageEncoders,
        Act::ReadAudit,
    ];

    /// As the audit log says it: "was refused: to manage people".
    pub fn words(self) -> &'static str {
        match self {
            Act::OwnAccount => "to see their account",
            Act::SecondFactor => "to set up a second factor",
            Act::SeeProject => "to see a project",
            Act::Label => "to label",
            Act::HoldLabelToken => "to hold a token",
            Act::SeeOthers => "to see what others said",
            Act::EditTaxonomy => "to edit the taxonomy",
            Act::Adjudicate => "to decide conflicts",
            Act::Import => "to import",
            Act::RunQueues => "to run queues",
            Act::CutRelease => "to cut releases",
            Act::HoldDataToken => "to hold a token for data",
            Act::ManageProjects => "to manage projects",
            Act::ManagePeople => "to manage people",
            Act::ManageEncoders => "to manage encoders",
            Act::ReadAudit => "to read the audit log",
        }
    }

    /// Acts that change nothing: what a `read` token may do.
    fn reads_only(self) -> bool {
        matches!(self, Act::SeeProject | Act::SeeOthers | Act::ReadAudit)
    }
}

/// How someone came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Via {
    Session,
    Token(Scope),
}

/// Who asks, with the roles that count for the project asked about (none outside of a project).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub person: PersonId,
    pub admin: bool,
    pub roles: Roles,
    pub via: Via,
}

impl Actor {
    /// Whoever runs the program's command line on its own machine: may do everything, and is no person here.
    pub const OPERATOR: Actor =
        Actor { person: PersonId(0), admin: true, roles: Roles::NONE, via: Via::Session };

    /// Who it was, for columns that name a person; nobody for the operator.
    pub fn person_id(&self) -> Option<PersonId> {
        (self.person != Actor::OPERATOR.person).then_some(self.person)
    }
}

/// May this actor do this? The table of roles, then what the token narrows.
pub fn may(actor: &Actor, act: Act) -> bool {
    let granted = match act {
        Act::OwnAccount | Act::SecondFactor => true,
        Act::SeeProject | Act::Label => actor.admin || !actor.roles.is_empty(),
        Act::HoldLabelToken => actor.admin || !actor.roles.is_empty(),
        Act::SeeOthers | Act::Import | Act::RunQueues | Act::CutRelease | Act::HoldDataToken => {
            sighted(actor)
        }
        Act::EditTaxonomy | Act::Adjudicate => actor.admin || actor.roles.has(Role::Owner),
        Act::ManageProjects | Act::ManagePeople | Act::ManageEncoders | Act::ReadAudit => actor.admin,
    };
    granted
        && match actor.via {
            // A machine acts by token only.
            Via::Session => actor.admin || is_own(act) || actor.roles != Roles::of(&[Role::Machine]),
            Via::Token(Scope::Label) => matches!(act, Act::SeeProject | Act::Label),
            Via::Token(Scope::Read) => act.reads_only(),
            // Managing people and one's account needs the person, not a token that may have leaked.
            Via::Token(Scope::Write) => {
                !is_own(act) && !matches!(act, Act::ManagePeople | Act::HoldDataToken | Act::HoldLabelToken)
            }
        }
}

/// About oneself, and nothing else.
fn is_own(act: Act) -> bool {
    matches!(act, Act::OwnAccount | Act::SecondFactor)
}

/// Can this actor see more than an annotator? Then their answers are marked *sighted* and stay out of
/// agreement by default.
pub fn sighted(actor: &Actor) -> bool {
    actor.admin || actor.roles.has(Role::Owner) || actor.roles.has(Role::Engineer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(roles: &[Role]) -> Actor {
        Actor { person: PersonId(1), admin: false, roles: Roles::of(roles), via: Via::Session }
    }

    #[test]
    fn the_table_of_the_product() {
        let annotator = with(&[Role::Annotator]);
        let owner = with(&[Role::Owner]);
        let engineer = with(&[Role::Engineer]);
        let admin = Actor { admin: true, ..with(&[]) };
        let nobody = with(&[]);
        let rows: [(Act, [bool; 5]); 14] = [
            // annotator, owner, engineer, admin, no member
            (Act::SeeProject, [true, true, true, true, false]),
            (Act::Label, [true, true, true, true, false]),
            (Act::HoldLabelToken, [true, true, true, true, false]),
            (Act::SeeOthers, [false, true, true, true, false]),
            (Act::EditTaxonomy, [false, true, false, true, false]),
            (Act::Adjudicate, [false, true, false, true, false]),
            (Act::Import, [false, true, true, true, false]),
            (Act::RunQueues, [false, true, true, true, false]),
            (Act::CutRelease, [false, true, true, true, false]),
            (Act::HoldDataToken, [false, true, true, true, false]),
            (Act::ManageProjects, [false, false, false, true, false]),
            (Act::ManagePeople, [false, false, false, true, false]),
            (Act::ManageEncoders, [false, false, false, true, false]),
            (Act::ReadAudit, [false, false, false, true, false]),
        ];
        for (act, expected) in rows {
            let got = [annotator, owner, engineer, admin, nobody].map(|a| may(&a, act));
            assert_eq!(got, expected, "{act:?}");
        }
    }

    #[test]
    fn a_machine_labels_by_token_only() {
        let machine = with(&[Role::Machine]);
        assert!(!may(&machine, Act::Label));
        assert!(may(&Actor { via: Via::Token(Scope::Label), ..machine }, Act::Label));
        assert!(!may(&Actor { via: Via::Token(Scope::Write), ..machine }, Act::SeeOthers));
    }

    #[test]
    fn a_token_never_widens() {
        for act in Act::ALL {
            for bits in 0..16 {
                for admin in [false, true] {
                    let session = Actor { person: PersonId(1), admin, roles: Roles(bits), via: Via::Session };
                    for scope in Scope::ALL {
                        let token = Actor { via: Via::Token(scope), ..session };
                        let machine_only = session.roles == Roles::of(&[Role::Machine]);
                        assert!(!may(&token, act) || may(&session, act) || machine_only, "{act:?} {scope:?}");
                    }
                }
            }
        }
        let admin =
            Actor { person: PersonId(1), admin: true, roles: Roles::NONE, via: Via::Token(Scope::Label) };
        assert!(!may(&admin, Act::SeeOthers));
        assert!(!may(&Actor { via: Via::Token(Scope::Read), ..admin }, Act::Import));
    }

    #[test]
    fn roles_are_written_in_fixed_order() {
        let roles = Roles::from_list("owner, annotator,nonsense");
        assert_eq!(roles.to_list(), "annotator,owner");
        assert_eq!(roles.in_archive(), Roles::of(&[Role::Owner]));
    }
}
