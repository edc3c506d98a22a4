//! DuckDB in a process of its own: a Python with its package.

use super::Peer;
use crate::Failure;
use serde_json::Value;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The process; it ends when its input does.
pub(crate) struct DuckDb {
    folder: PathBuf,
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl DuckDb {
    pub(crate) fn open(python: &Path, folder: &Path) -> Result<Self, Failure> {
        let mut process = Command::new(python)
            .args(["-c", include_str!("duckdb.py")])
            .arg(folder.join("bench.duckdb"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", python.display()))?;
        let input = process.stdin.take();
        let output = process.stdout.take().ok_or("DuckDB has no output")?;
        Ok(Self {
            folder: folder.to_owned(),
            process,
            input,
            output: BufReader::new(output),
        })
    }

    fn ask(&mut self, sql: &str) -> Result<Value, Failure> {
        let input = self.input.as_mut().ok_or("DuckDB has ended")?;
        writeln!(input, "{}", Value::from(sql))?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("DuckDB has ended; is the package `duckdb` installed?".into());
        }
        let answer: Value = serde_json::from_str(&line)?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(format!("DuckDB: {error}").into()),
            None => Ok(answer),
        }
    }
}

impl Peer for DuckDb {
    fn name(&self) -> &'static str {
        "DuckDB"
    }

    fn run(&mut self, sql: &str) -> Result<(), Failure> {
        self.ask(sql).map(drop)
    }

    fn fill(
        &mut self,
        table: &str,
        _: usize,
        rows: &mut dyn Iterator<Item = String>,
    ) -> Result<(), Failure> {
        let mut file = BufWriter::new(tempfile::NamedTempFile::new_in(&self.folder)?);
        for row in rows {
            writeln!(file, "{row}")?;
        }
        file.flush()?;
        let path = file.get_ref().path().display();
        let options = "DELIMITER '|', HEADER false, QUOTE ''";
        self.run(&format!("COPY {table} FROM '{path}' ({options})"))
    }

    fn query(&mut self, sql: &str) -> Result<(Duration, Vec<Vec<String>>), Failure> {
        let answer = self.ask(sql)?;
        let seconds = answer["seconds"]
            .as_f64()
            .ok_or("DuckDB does not say how long")?;
        let rows = answer["rows"].as_array().ok_or("DuckDB gave no rows")?;
        let cells = |row: &Value| {
            let cells = row.as_array().into_iter().flatten();
            cells
                .filter_map(|cell| cell.as_str().map(str::to_owned))
                .collect()
        };
        Ok((
            Duration::from_secs_f64(seconds),
            rows.iter().map(cells).collect(),
        ))
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        self.input = None;
        // Nobody is left who could be told that it ended badly.
        let _ = self.process.wait();
    }
}
