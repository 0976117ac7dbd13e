//! The schemas of records, by their names.

/// The schema that this version writes: what the log tells, by its fold alone, and what follows from it.
pub const SCHEMA: &str = "sts-clearance/record/4";

/// The schema of records that were stored when a snapshot was taken, as rows of tables told the room.
pub const SCHEMA_3: &str = "sts-clearance/record/3";

/// The schema of records from before the log had a name and a key.
pub const SCHEMA_2: &str = "sts-clearance/record/2";

/// The schema of records from before vessels and documents: their sections are missing, not empty.
/// A reader refuses a record of any other schema.
pub const SCHEMA_1: &str = "sts-clearance/record/1";
