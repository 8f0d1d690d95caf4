"""Make the demo's two callers: a person who was recorded, and a person who does not exist.

Run by make_callers.sh. Writes caller-genuine.wav and caller-impostor.wav (16 kHz mono, 16 bit) into the folder
given. Both are built alike, so that nothing but the voice tells them apart: sentences are trimmed, joined with
the same pauses, brought to the same level of speech over the same room, and sent down the same telephone line.

The person: prompts that Allison Smith recorded for Asterisk, from Debian's asterisk-core-sounds-en-g722.
The other: the voice of hibari-tts, made here and now by ONNX Runtime.
Neither is in a training or calibration list of any model here (check_lists.py compares).
"""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
from hibari import Hibari

RATE = 16_000
PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
# Connected speech, without digits read out or tones; together as long as the impostor speaks.
PROMPT_NAMES = ["demo-echotest", "demo-thanks"]
IMPOSTOR_LINES = """
Good evening, and thank you for taking my call. My name is Karen, and I am ringing from just outside Leeds.
I worked at the water company for eleven years, and I was in the room when that decision was made.
They knew about the leak in March. I have the letter here in front of me, and I am happy to read it out on air.
People at home deserve to hear the truth, and nobody else is going to tell them.
So please, ask me anything you like. I have nothing to hide.
"""
SPEECH_LEVEL_DBFS = -23.0
ROOM_LEVEL_DBFS = -62.0
# A sentence begins and ends where its level rises above this, in 20 ms frames.
TRIM_BELOW_DBFS = -45.0
LEAD_IN_S = 0.5


def ffmpeg(*arguments: str, data: bytes = b"") -> bytes:
    """Run ffmpeg on what is piped in; return what it pipes out."""
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", *arguments, "pipe:1"]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def to_samples(raw: bytes) -> np.ndarray:
    return np.frombuffer(raw, "<i2").astype(np.float64) / 32768.0


def to_raw(samples: np.ndarray) -> bytes:
    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


PCM = ["-f", "s16le", "-ar", str(RATE), "-ac", "1"]


def telephone_line(samples: np.ndarray) -> np.ndarray:
    """One trip through G.722, the codec of wideband telephony and of the prompts."""
    coded = ffmpeg(*PCM, "-i", "pipe:0", "-c:a", "g722", "-f", "g722", data=to_raw(samples))
    return to_samples(ffmpeg("-f", "g722", "-i", "pipe:0", *PCM, data=coded))


def frame_levels_dbfs(samples: np.ndarray) -> np.ndarray:
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    return 10.0 * np.log10(np.mean(frames**2, axis=1) + 1e-12)


def trim(samples: np.ndarray) -> np.ndarray:
    loud = np.flatnonzero(frame_levels_dbfs(samples) > TRIM_BELOW_DBFS)
    if loud.size == 0:
        raise SystemExit("a sentence of the demo is silent")
    return samples[max(0, loud[0] - 3) * 320 : (loud[-1] + 6) * 320]


def genuine_pieces() -> list[np.ndarray]:
    missing = [name for name in PROMPT_NAMES if not (PROMPTS / f"{name}.g722").exists()]
    if missing:
        raise SystemExit(f"prompts are missing in {PROMPTS}: {', '.join(missing)} (package asterisk-core-sounds-en-g722)")
    paths = [str(PROMPTS / f"{name}.g722") for name in PROMPT_NAMES]
    return [to_samples(ffmpeg("-f", "g722", "-i", path, *PCM)) for path in paths]


def impostor_pieces() -> list[np.ndarray]:
    voice = Hibari()
    pieces = []
    for line in IMPOSTOR_LINES.strip().splitlines():
        spoken = voice(line, seed=4).astype("<f4").tobytes()
        made = to_samples(ffmpeg("-f", "f32le", "-ar", str(voice.sample_rate), "-ac", "1", "-i", "pipe:0", *PCM, data=spoken))
        # The prompts were stored in G.722 before they came here; so is this.
        pieces.append(telephone_line(made))
    return pieces


def call(pieces: list[np.ndarray]) -> np.ndarray:
    """Join the pieces with pauses, over a room, at the level of speech, down the line."""
    random = np.random.default_rng(4)
    parts = [np.zeros(int(LEAD_IN_S * RATE))]
    for piece in pieces:
        parts += [trim(piece), np.zeros(int(random.uniform(0.35, 0.6) * RATE))]
    joined = np.concatenate(parts)
    levels = frame_levels_dbfs(joined)
    speech = levels[levels > levels.max() - 30.0]
    joined *= 10.0 ** ((SPEECH_LEVEL_DBFS - 10.0 * np.log10(np.mean(10.0 ** (speech / 10.0)))) / 20.0)
    room = random.standard_normal(len(joined)) * 10.0 ** (ROOM_LEVEL_DBFS / 20.0)
    return telephone_line(joined + room)


def main() -> None:
    folder = Path(sys.argv[1])
    for name, pieces in [("caller-genuine", genuine_pieces()), ("caller-impostor", impostor_pieces())]:
        samples = call(pieces)
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(to_raw(samples))
        print(f"  {name}.wav: {len(samples) / RATE:.1f} s")


main()
