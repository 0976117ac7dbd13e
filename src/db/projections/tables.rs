//! Which tables repeat what the logs of rooms and of the platform tell, and in which columns.

/// A table whose rows follow from the logs of the rooms, or from that of the platform.
#[derive(Debug)]
pub struct Table {
    /// The name of the table.
    pub name: &'static str,
    /// Its columns. The first is the id by which a row is found.
    pub columns: &'static [(&'static str, Kind)],
    /// What is read; of a table of the rooms, with the room as parameter 1.
    pub(super) from: &'static str,
}

/// How the values of a column are stored, and which [`Value`](super::Value) they are read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text that stays as it is.
    Text,
    /// JSON as text, which is read in one form.
    Json,
    /// An integer of 64 bits.
    Integer,
    /// A float of 64 bits.
    Real,
    /// Either yes or no.
    Bool,
    /// An instant, to the microsecond.
    Time,
    /// Bytes that the log tells.
    Bytes,
    /// Bytes that are kept beside the log, which has their SHA-256.
    Hashed,
    /// Text that is kept beside the log, which has its SHA-256.
    HashedText,
}

impl Kind {
    /// Returns whether the log has only the hash of what the column holds, so that it cannot be written from the log.
    pub fn is_kept(self) -> bool {
        matches!(self, Self::Hashed | Self::HashedText)
    }
}

use Kind::{Bool, Bytes, Hashed, HashedText, Integer, Json, Real, Text};

/// The tables of the rooms, in the order in which a room grows.
pub const TABLES: [Table; 16] = [
    Table {
        name: "rooms",
        columns: &[
            ("id", Text),
            ("title", Text),
            ("location", Text),
            ("sts_eta", Kind::Time),
            ("description", Text),
            ("cargo_profile", Text),
            ("status", Text),
            ("phase", Text),
            ("created_at", Kind::Time),
            ("created_by", Text),
            ("planned_duration_hours", Integer),
            ("transfer_completed_at", Kind::Time),
            ("closed_at", Kind::Time),
            ("retained_from", Kind::Time),
        ],
        from: "rooms t WHERE t.id = ?1",
    },
    Table {
        name: "parties",
        columns: &[
            ("id", Text),
            ("room_id", Text),
            ("role", Text),
            ("name", Text),
            ("email", Text),
            ("company", Text),
            ("side", Text),
            ("added_at", Kind::Time),
            ("formerly", Text),
            ("roles", Text),
        ],
        from: "parties t WHERE t.room_id = ?1",
    },
    Table {
        name: "vessels",
        columns: &[
            ("id", Text),
            ("room_id", Text),
            ("name", Text),
            ("imo_number", Text),
            ("no_imo_reason", Text),
            ("role", Text),
            ("status", Text),
            ("vessel_type", Text),
            ("flag", Text),
            ("owner", Text),
            ("charterer", Text),
            ("length_m", Real),
            ("beam_m", Real),
            ("draught_m", Real),
            ("gross_tonnage", Integer),
            ("deadweight_t", Integer),
            ("year_built", Integer),
            ("class_society", Text),
            ("added_at", Kind::Time),
        ],
        from: "vessels t WHERE t.room_id = ?1",
    },
    Table {
        name: "documents",
        columns: &[
            ("id", Text),
            ("room_id", Text),
            ("vessel_id", Text),
            ("document_type", Text),
            ("position", Integer),
            ("name", Text),
            ("category", Text),
            ("requirement", Text),
            ("criticality", Text),
            ("validity_days", Integer),
            ("warn_days", Integer),
            ("gate", Text),
            ("waived_reason", Text),
            ("waived_by", Text),
            ("waived_at", Kind::Time),
            ("opened_at", Kind::Time),
            ("must_approve", Text),
        ],
        from: "documents t WHERE t.room_id = ?1",
    },
    Table {
        name: "document_versions",
        columns: &[
            ("id", Text),
            ("document_id", Text),
            ("number", Integer),
            ("file_url", Text),
            ("file_name", Text),
            ("file_kind", Text),
            ("file_size", Integer),
            ("sha256", Bytes),
            ("expires_on", Text),
            ("expiry_assumed", Bool),
            ("notes", Text),
            ("told_eta", Kind::Time),
            ("uploaded_by", Text),
            ("uploader_role", Text),
            ("uploaded_at", Kind::Time),
            ("notice", Text),
        ],
        from: "document_versions t JOIN documents d ON d.id = t.document_id WHERE d.room_id = ?1",
    },
    Table {
        name: "version_statements",
        columns: &[
            ("version_id", Text),
            ("withdrawn_reason", Text),
            ("withdrawn_by", Text),
            ("withdrawn_at", Kind::Time),
            ("date_waived_reason", Text),
            ("date_waived_by", Text),
            ("date_waived_at", Kind::Time),
        ],
        from: "version_statements t JOIN document_versions v ON v.id = t.version_id
               JOIN documents d ON d.id = v.document_id WHERE d.room_id = ?1",
    },
    Table {
        name: "decisions",
        columns: &[
            ("id", Text),
            ("version_id", Text),
            ("seq", Integer),
            ("party", Text),
            ("role", Text),
            ("verdict", Text),
            ("comment", Text),
            ("decided_at", Kind::Time),
            ("roles", Text),
            ("side", Text),
        ],
        from: "decisions t JOIN document_versions v ON v.id = t.version_id
               JOIN documents d ON d.id = v.document_id WHERE d.room_id = ?1",
    },
    Table {
        name: "approvals",
        columns: &[
            ("id", Text),
            ("room_id", Text),
            ("vessel_id", Text),
            ("party", Text),
            ("role", Text),
            ("side", Text),
            ("status", Text),
            ("comment", Text),
            ("decided_at", Kind::Time),
        ],
        from: "approvals t WHERE t.room_id = ?1",
    },
    Table {
        name: "holds",
        columns: &[
            ("id", Text),
            ("room_id", Text),
            ("snapshot_id", Text),
            ("reason", Text),
            ("placed_by", Text),
            ("placed_at", Kind::Time),
            ("lift_asked_by", Text),
            ("lift_reason", Text),
            ("lifted_by", Text),
            ("lifted_at", Kind::Time),
            ("confirm_reason", Text),
        ],
        from: "holds t WHERE t.room_id = ?1",
    },
    Table {
        name: "confirmations",
        columns: &[
            ("subject_id", Text),
            ("deed", Text),
            ("room_id", Text),
            ("asked_by", Text),
            ("asked_at", Kind::Time),
            ("reason", Text),
        ],
        from: "confirmations t WHERE t.room_id = ?1",
    },
    Table {
        name: "snapshots",
        columns: &[
            ("id", Text),
            ("room_id", Text),
            ("title", Text),
            ("created_by", Text),
            ("status", Text),
            ("file_url", Text),
            ("file_size", Integer),
            ("snapshot_type", Text),
            ("data", Json),
            ("created_at", Kind::Time),
        ],
        from: "snapshots t WHERE t.room_id = ?1",
    },
    Table {
        name: "snapshot_positions",
        columns: &[("snapshot_id", Text), ("size", Integer), ("at", Kind::Time)],
        from: "snapshot_positions t JOIN snapshots s ON s.id = t.snapshot_id WHERE s.room_id = ?1",
    },
    Table {
        name: "snapshot_bodies",
        columns: &[
            ("snapshot_id", Text),
            ("record_sha256", Bytes),
            ("sha256", Bytes),
            ("size", Integer),
            ("renderer", Text),
            ("fonts", Text),
        ],
        from: "snapshot_bodies t JOIN snapshots s ON s.id = t.snapshot_id WHERE s.room_id = ?1",
    },
    Table {
        name: "snapshot_files",
        columns: &[("snapshot_id", Text), ("sha256", Bytes), ("renderer", Text), ("fonts", Text)],
        from: "snapshot_files t JOIN snapshots s ON s.id = t.snapshot_id WHERE s.room_id = ?1",
    },
    Table {
        name: "snapshot_seals",
        columns: &[
            ("snapshot_id", Text),
            ("sealed_at", Kind::Time),
            ("cms", Hashed),
            ("signer", Text),
            ("self_made", Bool),
            ("trusted_time", Kind::Time),
            ("note", Text),
        ],
        // A seal is kept before its file is; until the log tells of the file, it tells nothing of the seal.
        from: "snapshot_seals t JOIN snapshots s ON s.id = t.snapshot_id
               WHERE s.room_id = ?1 AND s.status = 'completed'",
    },
    Table {
        name: "search_texts",
        columns: &[("id", Text), ("room_id", Text), ("fold", Integer), ("text", Text)],
        from: "search_texts t WHERE t.room_id = ?1",
    },
];

/// Returns the tables of the rooms whose rows a state can be read from: all but the last, which follows from the others.
pub fn adoptable() -> &'static [Table] {
    static ALL: [Table; TABLES.len()] = TABLES;
    &ALL[..TABLES.len() - 1]
}

/// The tables of the platform.
pub const PLATFORM_TABLES: [Table; 3] = [
    Table {
        name: "users",
        columns: &[
            ("id", Text),
            ("email", Text),
            ("name", Text),
            ("role", Text),
            ("password_hash", HashedText),
            ("disabled", Bool),
            ("created_at", Kind::Time),
            ("must_change_password", Bool),
            ("password_given_at", Kind::Time),
        ],
        from: "users t",
    },
    Table {
        name: "document_types",
        columns: &[
            ("code", Text),
            ("position", Integer),
            ("name", Text),
            ("category", Text),
            ("scope", Text),
            ("requirement", Text),
            ("profiles", Text),
            ("criticality", Text),
            ("validity_days", Integer),
            ("warn_days", Integer),
            ("gate", Text),
            ("aliases", Text),
            ("enabled", Bool),
            ("basis", Text),
            ("must_approve", Text),
        ],
        from: "document_types t",
    },
    Table { name: "log_keys", columns: &[("public_key", Text), ("added_at", Kind::Time)], from: "log_keys t" },
];
