//! Video as a stream of pictures, through `ffmpeg` and YUV4MPEG2.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use callguard_core::MediaTime;
use callguard_vision::{Matrix, PictureFormat, PixelFormat, Plane, Range, Turn};

/// Pictures of 4:2:0, one after another.
pub struct Video {
    child: Option<Child>,
    reader: Box<dyn BufRead>,
    pub format: PictureFormat,
    /// Pictures in a second, as a fraction.
    rate: (u64, u64),
    bytes: Vec<u8>,
    count: u64,
}

impl Video {
    /// Opens a file, or standard input for `-`.
    pub fn open(input: &str) -> Result<Self> {
        if input == "-" {
            return Self::read(Box::new(BufReader::new(std::io::stdin())), None);
        }
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-threads", "1", "-i", input, "-an", "-pix_fmt", "yuv420p"]);
        command.args(["-f", "yuv4mpegpipe", "-"]);
        let mut child = command.stdout(Stdio::piped()).spawn().context("run ffmpeg")?;
        let stdout = child.stdout.take().context("the output of ffmpeg")?;
        Self::read(Box::new(BufReader::with_capacity(1 << 20, stdout)), Some(child))
    }

    fn read(mut reader: Box<dyn BufRead>, child: Option<Child>) -> Result<Self> {
        let header = line(&mut reader)?;
        let (mut width, mut height, mut rate) = (0, 0, (0, 0));
        for word in header.strip_prefix("YUV4MPEG2 ").context("no YUV4MPEG2")?.split(' ') {
            match word.split_at_checked(1) {
                Some(("W", w)) => width = w.parse()?,
                Some(("H", h)) => height = h.parse()?,
                Some(("F", f)) => {
                    let (n, d) = f.split_once(':').context("a rate of n:d")?;
                    rate = (n.parse()?, d.parse()?);
                }
                Some(("C", c)) if !c.starts_with("420") => bail!("{c}: expected 4:2:0"),
                _ => {}
            }
        }
        if rate.0 == 0 || rate.1 == 0 {
            bail!("no pictures a second in {header:?}");
        }
        let (across, down) = (width as usize, height as usize);
        let (half, quarter) = (across.div_ceil(2), across.div_ceil(2) * down.div_ceil(2));
        let plane = |offset, stride| Plane { offset, stride };
        let format = PictureFormat {
            pixel: PixelFormat::I420,
            width,
            height,
            planes: [plane(0, across), plane(across * down, half), plane(across * down + quarter, half)],
            // As GStreamer takes what does not say: by its height.
            matrix: if height > 576 { Matrix::Bt709 } else { Matrix::Bt601 },
            range: Range::Limited,
            turn: Turn::None,
            pixel_aspect_q16: 1 << 16,
        };
        Ok(Self { child, reader, format, rate, bytes: vec![0; across * down + 2 * quarter], count: 0 })
    }

    /// The next picture's bytes and time.
    pub fn next(&mut self) -> Result<Option<(&[u8], MediaTime)>> {
        if self.reader.fill_buf()?.is_empty() {
            let status = self.child.as_mut().map(Child::wait).transpose()?;
            if let Some(status) = status.filter(|s| !s.success()) {
                bail!("ffmpeg: {status}");
            }
            return Ok(None);
        }
        line(&mut self.reader)?;
        self.reader.read_exact(&mut self.bytes)?;
        let at = MediaTime::from_nanos(self.count * 1_000_000_000 * self.rate.1 / self.rate.0);
        self.count += 1;
        Ok(Some((&self.bytes, at)))
    }
}

fn line(reader: &mut dyn BufRead) -> Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    Ok(String::from_utf8(line)?.trim_end().into())
}
