"""Give the demo's callers a face: caller-genuine.mp4, caller-impostor.mp4 and caller-loop.mp4, made by make_callers.sh.

The person: stock footage by Wolfgang Langer, at its own pace, once. The woman in it is not the speaker: picture and
sound are of two real people, so the lips do not match. The call ends where the footage does.
The other: one portrait, NASA's of Eileen Collins, which puppet.py moves to the impostor's voice.
The third: six seconds of the person's footage, played to and fro without sound, as someone does who has a recording and
no person. None is in a training or calibration list of any model here (check_lists.py compares).
All are 640 x 360 pixels and go through the same encoder at the rate of a call.
"""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
from puppet import FPS, HEIGHT, TEXTURE_HEIGHT, TEXTURE_LEFT, TEXTURE_SCALE, TEXTURE_TOP, TEXTURE_WIDTH, WIDTH, Puppet, poses

FFMPEG = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y"]
# One caller's share of a group call, and a key frame every two seconds or so.
PICTURE = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-b:v", "700k", "-maxrate", "900k", "-bufsize", "900k", "-g", "50"]
SOUND = ["-c:a", "aac", "-b:a", "96k"]
# A webcam's noise, new in every frame; the portrait has none, and the footage has its own.
SENSOR_NOISE = "noise=all_seed=4:c0s=5:c0f=t+u:c1s=3:c1f=t+u:c2s=3:c2f=t+u"
PAUSE_BELOW_DBFS = -55.0
# The part of the footage in which the face is seen whole and moves.
LOOP_FROM_S = 11.0
LOOP_S = 6.0
LOOP_LENGTH_S = 28.0


def read_voice(path: Path) -> tuple[np.ndarray, int]:
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0, file.getframerate()


def seconds_of_picture(path: Path) -> float:
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=duration", "-of", "csv=p=0", str(path)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)


def last_pause_s(voice: np.ndarray, rate: int, before_s: float) -> float:
    """The end of the last 20 ms without speech, so that no word is cut."""
    length = rate // 50
    frames = voice[: int(before_s * 50) * length].reshape(-1, length)
    quiet = np.flatnonzero(10.0 * np.log10(np.mean(frames**2, axis=1) + 1e-12) < PAUSE_BELOW_DBFS)
    return (quiet[-1] + 1) / 50 if quiet.size else before_s


def make_genuine(folder: Path) -> float:
    footage, sound = folder / "pictures" / "WolfgangLanger_Pexels.mp4", folder / "caller-genuine.wav"
    length_s = seconds_of_picture(footage)
    spoken_s = last_pause_s(*read_voice(sound), length_s)
    command = [*FFMPEG, "-i", str(footage), "-i", str(sound), "-map", "0:v", "-map", "1:a", *PICTURE, *SOUND]
    # What the footage says of itself (when and by what it was made) does not stay.
    command += ["-af", f"atrim=end={spoken_s},apad", "-t", str(length_s), "-map_metadata", "-1"]
    subprocess.run([*command, "-movflags", "+faststart", str(folder / "caller-genuine.mp4")], check=True)
    return length_s


def make_loop(folder: Path) -> float:
    """To and fro, so that no jump gives it away."""
    footage = folder / "pictures" / "WolfgangLanger_Pexels.mp4"
    there_and_back = f"trim=start={LOOP_FROM_S}:duration={LOOP_S},setpts=PTS-STARTPTS,split[there][back];[back]reverse[again];[there][again]concat"
    command = [*FFMPEG, "-i", str(footage), "-an", "-filter_complex", f"{there_and_back},loop=loop=-1:size=1000,{SENSOR_NOISE}", *PICTURE]
    command += ["-t", str(LOOP_LENGTH_S), "-map_metadata", "-1", "-movflags", "+faststart", str(folder / "caller-loop.mp4")]
    subprocess.run(command, check=True)
    return LOOP_LENGTH_S


def enlarged_portrait(path: Path) -> np.ndarray:
    crop = f"crop={TEXTURE_WIDTH}:{TEXTURE_HEIGHT}:{TEXTURE_LEFT}:{TEXTURE_TOP}:exact=1"
    width, height = TEXTURE_WIDTH * TEXTURE_SCALE, TEXTURE_HEIGHT * TEXTURE_SCALE
    command = [*FFMPEG, "-i", str(path), "-vf", f"{crop},scale={width}:{height}:flags=lanczos", "-f", "rawvideo", "-pix_fmt", "rgb0", "pipe:1"]
    raw = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(height, width, 4)


def make_impostor(folder: Path) -> float:
    sound = folder / "caller-impostor.wav"
    voice, rate = read_voice(sound)
    length_s = len(voice) / rate
    puppet = Puppet(enlarged_portrait(folder / "pictures" / "astronaut.png"))
    command = [*FFMPEG, "-f", "rawvideo", "-pix_fmt", "rgb0", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "pipe:0", "-i", str(sound)]
    command += ["-map", "0:v", "-map", "1:a", "-vf", SENSOR_NOISE, *PICTURE, *SOUND, "-movflags", "+faststart"]
    with subprocess.Popen([*command, str(folder / "caller-impostor.mp4")], stdin=subprocess.PIPE) as encoder:
        for pose in poses(voice, rate, length_s):
            encoder.stdin.write(puppet.frame(pose).data)
    if encoder.returncode != 0:
        raise SystemExit(f"ffmpeg ended with {encoder.returncode}")
    return length_s


def main() -> None:
    folder = Path(sys.argv[1])
    for name, make in [("caller-genuine", make_genuine), ("caller-impostor", make_impostor), ("caller-loop", make_loop)]:
        print(f"  {name}.mp4: {make(folder):.1f} s")


main()
