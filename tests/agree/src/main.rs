// main.rs - FILE [SUP]: reads addresses from stdin, prints each with its frames as gimli's addr2line
// sees them: raw name, file, line.  An independent reader, to check ours against.
// SPDX-License-Identifier: MIT
use std::env;
use std::io::{self, BufRead, BufWriter, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = env::args().skip(1);
    let file = args.next().ok_or("usage: agree FILE [SUP]")?;
    let sup = args.next();
    let loader = addr2line::Loader::new_with_sup(&file, sup.as_deref()).map_err(|e| e.to_string())?;
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let addr = u64::from_str_radix(line.trim_start_matches("0x"), 16)?;
        writeln!(out, "0x{addr:016x}")?;
        let mut frames = loader.find_frames(addr).map_err(|e| e.to_string())?;
        while let Some(frame) = frames.next().map_err(|e| e.to_string())? {
            let name = match &frame.function {
                Some(f) => f.raw_name().map_err(|e| e.to_string())?.into_owned(),
                None => "??".to_owned(),
            };
            let at = frame.location.as_ref();
            let file = at.and_then(|l| l.file).unwrap_or("??");
            let line = at.and_then(|l| l.line).unwrap_or(0);
            writeln!(out, "{name}\n{file}:{line}")?;
        }
    }
    Ok(())
}
