// server.rs - food for make bench-symbols: an HTTP server out of Rust's std alone, so that copies
// from many units of std are inlined into it.  It is built and read, never run.
// SPDX-License-Identifier: MIT
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{mpsc, Arc, Mutex};
use std::thread;

#[derive(Default)]
struct Counts {
    by_path: HashMap<String, u64>,
    by_size: BTreeMap<usize, Vec<String>>,
}

fn read_head(stream: &mut BufReader<TcpStream>) -> std::io::Result<(String, HashMap<String, String>)> {
    let mut first = String::new();
    let mut fields = HashMap::new();
    stream.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            fields.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let path = first.split_whitespace().nth(1).unwrap_or("/").to_owned();
    Ok((path, fields))
}

fn page(counts: &Counts) -> String {
    let mut rows: Vec<_> = counts.by_path.iter().collect();
    rows.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let mut text = String::new();
    for (path, n) in rows.iter().take(50) {
        let _ = writeln!(text, "{path:<40} {n:>8} {:.3}", **n as f64 / rows.len() as f64);
    }
    for (size, paths) in counts.by_size.range(1..) {
        let joined: String = paths.iter().map(|p| p.chars().rev().collect::<String>()).collect();
        let _ = writeln!(text, "{size}: {joined}");
    }
    text
}

fn serve(stream: TcpStream, counts: &Mutex<Counts>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (path, fields) = read_head(&mut reader)?;
    let n: usize = fields.get("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
    let mut body = vec![0; n.min(1 << 20)];
    reader.read_exact(&mut body)?;
    let mut counts = counts.lock().unwrap();
    *counts.by_path.entry(path.clone()).or_insert(0) += 1;
    counts.by_size.entry(n).or_default().push(path);
    let text = page(&counts);
    let mut out = stream;
    write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", text.len(), text)
}

fn main() -> std::io::Result<()> {
    let counts = Arc::new(Mutex::new(Counts::default()));
    let (send, receive) = mpsc::channel::<TcpStream>();
    let receive = Arc::new(Mutex::new(receive));
    for _ in 0..4 {
        let (counts, receive) = (counts.clone(), receive.clone());
        thread::spawn(move || loop {
            let stream = receive.lock().unwrap().recv();
            match stream {
                Ok(stream) => serve(stream, &counts).unwrap_or_else(|e| eprintln!("{e}")),
                Err(_) => break,
            }
        });
    }
    for stream in TcpListener::bind("127.0.0.1:0")?.incoming() {
        send.send(stream?).expect("workers are there");
    }
    Ok(())
}
