//! The permission matrix: which role may do what, and nothing else.
//!
//! An action that the table does not list for a role is denied. [`may`] is the only way to ask it, and `http::caller`
//! asks.

use Action::{
    ActivityExport, ActivityListAll, ActivityListOwn, ActivityViewAll, ActivityViewOwn, ApprovalCreate, ApprovalDelete,
    ApprovalList, ApprovalRevoke, ApprovalUpdate, ApprovalView, ConfigManageDocumentTypes, ConfigManageFeatureFlags,
    ConfigUpdate, ConfigView, DocumentApprove, DocumentDelete, DocumentDownload, DocumentList, DocumentReject,
    DocumentUpdate, DocumentUpload, DocumentView, DocumentWithdraw, HoldCreate, HoldLift, HoldList, HoldView,
    RoomCreate, RoomDelete, RoomList, RoomManageParties, RoomUpdate, RoomView, SnapshotCreate, SnapshotDelete,
    SnapshotList, SnapshotView, UserChangeRole, UserCreate, UserDelete, UserList, UserUpdate, UserView, VesselCreate,
    VesselDelete, VesselList, VesselUpdate, VesselView,
};
use room::{Role, Roles};

const YES: bool = true;
const NO: bool = false;

/// One row for each resource and action: its name, and which roles are allowed. An admin passes every row.
#[rustfmt::skip]
pub const POLICY: &[(Action, &str, [bool; 6])] = &[
    //                                                      owner broker chart. seller buyer admin
    (SnapshotView,              "snapshots:view",              [YES, YES, YES, YES, YES, YES]),
    (SnapshotList,              "snapshots:list",              [YES, YES, YES, YES, YES, YES]),
    (SnapshotCreate,            "snapshots:create",            [YES, YES, YES, NO,  NO,  YES]),
    (SnapshotDelete,            "snapshots:delete",            [NO,  NO,  NO,  NO,  NO,  YES]),

    (HoldView,                  "holds:view",                  [NO,  NO,  NO,  NO,  NO,  YES]),
    (HoldList,                  "holds:list",                  [NO,  NO,  NO,  NO,  NO,  YES]),
    (HoldCreate,                "holds:create",                [NO,  NO,  NO,  NO,  NO,  YES]),
    (HoldLift,                  "holds:lift",                  [NO,  NO,  NO,  NO,  NO,  YES]),

    (DocumentView,              "documents:view",              [YES, YES, YES, YES, YES, YES]),
    (DocumentList,              "documents:list",              [YES, YES, YES, YES, YES, YES]),
    (DocumentDownload,          "documents:download",          [YES, YES, YES, YES, YES, YES]),
    (DocumentUpload,            "documents:upload",            [YES, YES, YES, YES, YES, YES]),
    (DocumentWithdraw,          "documents:withdraw",          [YES, YES, YES, YES, YES, YES]),
    (DocumentApprove,           "documents:approve",           [YES, YES, YES, NO,  NO,  YES]),
    (DocumentReject,            "documents:reject",            [YES, YES, YES, NO,  NO,  YES]),
    (DocumentUpdate,            "documents:update",            [YES, YES, NO,  NO,  NO,  YES]),
    (DocumentDelete,            "documents:delete",            [YES, YES, NO,  NO,  NO,  YES]),

    (ApprovalView,              "approvals:view",              [YES, YES, YES, YES, YES, YES]),
    (ApprovalList,              "approvals:list",              [YES, YES, YES, YES, YES, YES]),
    (ApprovalCreate,            "approvals:create",            [YES, YES, YES, NO,  NO,  YES]),
    (ApprovalUpdate,            "approvals:update",            [YES, YES, YES, NO,  NO,  YES]),
    (ApprovalDelete,            "approvals:delete",            [YES, YES, NO,  NO,  NO,  YES]),
    (ApprovalRevoke,            "approvals:revoke",            [YES, YES, NO,  NO,  NO,  YES]),

    (RoomView,                  "rooms:view",                  [YES, YES, YES, YES, YES, YES]),
    (RoomList,                  "rooms:list",                  [YES, YES, YES, YES, YES, YES]),
    (RoomCreate,                "rooms:create",                [NO,  YES, NO,  NO,  NO,  YES]),
    (RoomUpdate,                "rooms:update",                [NO,  YES, NO,  NO,  NO,  YES]),
    (RoomManageParties,         "rooms:manage_parties",        [NO,  YES, NO,  NO,  NO,  YES]),
    (RoomDelete,                "rooms:delete",                [NO,  NO,  NO,  NO,  NO,  YES]),

    (VesselView,                "vessels:view",                [YES, YES, YES, YES, YES, YES]),
    (VesselList,                "vessels:list",                [YES, YES, YES, YES, YES, YES]),
    (VesselCreate,              "vessels:create",              [NO,  YES, NO,  NO,  NO,  YES]),
    (VesselUpdate,              "vessels:update",              [NO,  YES, NO,  NO,  NO,  YES]),
    (VesselDelete,              "vessels:delete",              [NO,  NO,  NO,  NO,  NO,  YES]),

    (ActivityViewOwn,           "activities:view_own",         [YES, YES, YES, YES, YES, YES]),
    (ActivityListOwn,           "activities:list_own",         [YES, YES, YES, YES, YES, YES]),
    (ActivityViewAll,           "activities:view_all",         [NO,  NO,  NO,  NO,  NO,  YES]),
    (ActivityListAll,           "activities:list_all",         [NO,  NO,  NO,  NO,  NO,  YES]),
    (ActivityExport,            "activities:export",           [NO,  NO,  NO,  NO,  NO,  YES]),

    (UserView,                  "users:view",                  [NO,  NO,  NO,  NO,  NO,  YES]),
    (UserList,                  "users:list",                  [NO,  NO,  NO,  NO,  NO,  YES]),
    (UserCreate,                "users:create",                [NO,  NO,  NO,  NO,  NO,  YES]),
    (UserUpdate,                "users:update",                [NO,  NO,  NO,  NO,  NO,  YES]),
    (UserDelete,                "users:delete",                [NO,  NO,  NO,  NO,  NO,  YES]),
    (UserChangeRole,            "users:change_role",           [NO,  NO,  NO,  NO,  NO,  YES]),

    (ConfigView,                "config:view",                 [NO,  NO,  NO,  NO,  NO,  YES]),
    (ConfigUpdate,              "config:update",               [NO,  NO,  NO,  NO,  NO,  YES]),
    (ConfigManageDocumentTypes, "config:manage_document_types", [NO, NO,  NO,  NO,  NO,  YES]),
    (ConfigManageFeatureFlags,  "config:manage_feature_flags", [NO,  NO,  NO,  NO,  NO,  YES]),
];

/// Something that a caller can ask to do: a resource and a verb, as in [`POLICY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named in the table above")]
#[rustfmt::skip]
pub enum Action {
    SnapshotView, SnapshotList, SnapshotCreate, SnapshotDelete,
    HoldView, HoldList, HoldCreate, HoldLift,
    DocumentView, DocumentList, DocumentDownload, DocumentUpload, DocumentWithdraw, DocumentApprove,
    DocumentReject, DocumentUpdate, DocumentDelete,
    ApprovalView, ApprovalList, ApprovalCreate, ApprovalUpdate, ApprovalDelete, ApprovalRevoke,
    RoomView, RoomList, RoomCreate, RoomUpdate, RoomManageParties, RoomDelete,
    VesselView, VesselList, VesselCreate, VesselUpdate, VesselDelete,
    ActivityViewOwn, ActivityListOwn, ActivityViewAll, ActivityListAll, ActivityExport,
    UserView, UserList, UserCreate, UserUpdate, UserDelete, UserChangeRole,
    ConfigView, ConfigUpdate, ConfigManageDocumentTypes, ConfigManageFeatureFlags,
}

impl Action {
    /// Returns the action as `resource:verb`, the name that refusals and the log use.
    pub fn name(self) -> &'static str {
        row(self).map_or("unlisted", |(_, name, _)| name)
    }

    /// Returns the roles that are allowed to do this, in the table's order.
    pub fn roles(self) -> Vec<Role> {
        Role::ALL.into_iter().filter(|role| may(*role, self)).collect()
    }
}

/// Returns whether the role is allowed to do the action. What the table does not list is denied.
pub fn may(role: Role, action: Action) -> bool {
    row(action).is_some_and(|(_, _, roles)| roles[role as usize])
}

/// Returns the role in which somebody with these roles does the action: the first of them, in their order, that is
/// allowed to. `None` if none is.
pub fn role_for(roles: Roles, action: Action) -> Option<Role> {
    roles.iter().find(|role| may(*role, action))
}

fn row(action: Action) -> Option<&'static (Action, &'static str, [bool; 6])> {
    POLICY.iter().find(|(listed, ..)| *listed == action)
}
