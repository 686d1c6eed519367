//! The service's process, and a client for it.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;
use ureq::{Agent, http::Request};

use crate::database::Database;

pub(crate) const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
pub(crate) const OTHER_KEY: &str = "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The command that starts the service on a free port, with nothing in its environment but what a test sets.
pub(crate) fn command(database: &Database) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_axum-clinic"));
    command.env_clear().env("DATABASE_URL", database.url()).env("LISTEN", "127.0.0.1:0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// A process that serves requests.
pub(crate) struct Service {
    process: Child,
    address: String,
    log: Option<JoinHandle<String>>,
    agent: Agent,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) location: Option<String>,
    pub(crate) body: Value,
}

impl Service {
    /// Starts it with [`KEY`], and waits until it listens.
    pub(crate) fn start(database: &Database) -> Self {
        Self::spawn(command(database).env("ENCRYPTION_KEY", KEY))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut process = command.spawn().unwrap();
        let (sender, listens) = mpsc::channel();
        let log = read_log(&mut process, move |line| {
            if let Some((_, address)) = line.split_once("listening on http://") {
                sender.send(address.trim().to_owned()).unwrap();
            }
        });
        let Ok(address) = listens.recv_timeout(Duration::from_secs(60)) else {
            process.kill().unwrap();
            process.wait().unwrap();
            panic!("it does not listen: {}", log.join().unwrap());
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .max_idle_connections(0);
        Self { process, address, log: Some(log), agent: agent.build().into() }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, "application/json", &body.to_string())
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, "application/json", &body.to_string())
    }

    pub(crate) fn send(&self, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", content_type)
            .body(body.to_owned())
            .unwrap();
        let mut response = self.agent.run(request).unwrap();
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (content_type, location) = (header("content-type").unwrap_or_default(), header("location"));
        let text = response.body_mut().read_to_string().unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status: response.status().as_u16(), content_type, location, body }
    }

    /// Asks it to stop, as a service manager does.
    pub(crate) fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// Waits until it has stopped. Returns how, and what it has logged.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.process.wait().unwrap();
        (status, self.log.take().unwrap().join().unwrap())
    }

    /// Stops it. Returns its log.
    pub(crate) fn stop(self) -> String {
        self.terminate();
        let (status, log) = self.wait();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Of a test that failed. A process that has stopped is not killed.
        if self.process.try_wait().unwrap().is_none() {
            self.process.kill().unwrap();
            self.process.wait().unwrap();
        }
    }
}

/// Runs a service that is to refuse its start. Returns its exit code and its log.
pub(crate) fn refused(command: &mut Command) -> (Option<i32>, String) {
    let mut process = command.spawn().unwrap();
    let log = read_log(&mut process, |_| ());
    let log = log.join().unwrap();
    (process.wait().unwrap().code(), log)
}

fn read_log(process: &mut Child, mut each: impl FnMut(&str) + Send + 'static) -> JoinHandle<String> {
    let mut lines = BufReader::new(process.stdout.take().unwrap());
    thread::spawn(move || {
        let mut log = String::new();
        loop {
            let before = log.len();
            if lines.read_line(&mut log).unwrap() == 0 {
                lines.read_to_string(&mut log).unwrap();
                return log;
            }
            each(log.get(before..).unwrap_or_default());
        }
    })
}
