//! The objects of the schema, as the database has them and as the migrations make them: tables, indexes, triggers and
//! functions, each with its definition.

use std::collections::BTreeMap;

use super::{Backend, Db, Dialect, Tx, engine::sqlite, migrations};
use crate::{error::Result, random};

/// Definitions by kind and name, such as `trigger decisions_no_update`.
pub type Objects = BTreeMap<String, String>;

const IN_SQLITE: &str = "SELECT type || ' ' || name, COALESCE(sql, '') FROM sqlite_schema
    WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'";

/// A trigger that is disabled has the definition of one that is not, so its state is added to that.
const IN_POSTGRES: &str = "SELECT name, replace(definition, current_schema() || '.', '') FROM (
        SELECT 'trigger ' || t.tgname AS name, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text AS definition
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 'function ' || proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()
        UNION ALL
        SELECT 'constraint ' || c.conname || ' of ' || r.relname, pg_get_constraintdef(c.oid)
        FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
        WHERE c.connamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 'column ' || table_name || '.' || column_name,
               data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '')
        FROM information_schema.columns WHERE table_schema = current_schema()
    ) objects";

/// Returns the objects that the database has.
pub async fn present(tx: &mut Tx) -> Result<Objects> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => IN_SQLITE,
        Dialect::Postgres => IN_POSTGRES,
    };
    tx.rows(sql, &[]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Returns the objects that the migrations make in an empty database: on SQLite in one in memory, on PostgreSQL in a
/// schema that is dropped before anybody sees it.
pub async fn expected(db: &Db) -> Result<Objects> {
    if let Backend::Sqlite(_) = db.backend {
        let mut tx = sqlite::in_memory()?;
        migrations::build(&mut tx).await?;
        return present(&mut tx).await;
    }
    db.write(async |tx| {
        let schema = format!("fsck_{}", random::new_uuid().simple());
        tx.batch(&format!("CREATE SCHEMA {schema}; SET LOCAL search_path TO {schema}")).await?;
        migrations::build(tx).await?;
        let objects = present(tx).await?;
        tx.batch(&format!("DROP SCHEMA {schema} CASCADE")).await?;
        Ok(objects)
    })
    .await
}

/// Returns what the database says of its own files: nothing, if they are sound. PostgreSQL has no such check of its own.
pub async fn self_check(tx: &mut Tx) -> Result<Vec<String>> {
    if tx.dialect() == Dialect::Postgres {
        return Ok(Vec::new());
    }
    let said: Vec<String> =
        tx.rows("PRAGMA quick_check(20)", &[]).await?.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    Ok(said.into_iter().filter(|line| line != "ok").collect())
}
