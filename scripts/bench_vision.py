"""Sets OpenCV and numpy beside Callguard's sampling: the same pictures, the same machine, one thread each.

    python3 -m venv /tmp/opencv && /tmp/opencv/bin/pip install numpy opencv-python-headless
    /tmp/opencv/bin/python scripts/bench_vision.py

It runs `cargo bench -p callguard-benches --bench vision` first; `--measured` takes the numbers of the last run. The fastest of many runs
counts: what else the machine does matters least for it.
"""

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 1920, 1080
FIT, TIGHT = 320, 160


def noise(size: int) -> np.ndarray:
    """The bytes that the bench makes."""
    return ((np.arange(size, dtype=np.uint32) * np.uint32(2_654_435_761)) >> 24).astype(np.uint8)


def tight(degrees: float) -> np.ndarray:
    """From the crop's pixels to the picture's, as OpenCV wants it: centres of pixels lie at whole numbers."""
    scale = 4.2 * 60 / TIGHT
    a, b = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    half = (TIGHT - 1) / 2
    return np.array([[a, -b, WIDTH / 2 - 0.5 - (a - b) * half], [b, a, HEIGHT / 2 - 0.5 - (a + b) * half]])


def boxed(small: np.ndarray) -> np.ndarray:
    square = np.zeros((FIT, FIT, 3), np.uint8)
    square[: small.shape[0], : small.shape[1]] = small
    return square


def opencv_fit(yuv: np.ndarray, code: int) -> np.ndarray:
    rgb = cv2.cvtColor(yuv, code)
    return boxed(cv2.resize(rgb, (FIT, FIT * HEIGHT // WIDTH), interpolation=cv2.INTER_AREA))


def opencv_planes_first(yuv: np.ndarray) -> np.ndarray:
    """What a careful user of OpenCV writes for I420: planes are shrunk, then a small picture is converted (full range is all it can)."""
    size = (FIT, FIT * HEIGHT // WIDTH)
    quarter = HEIGHT * WIDTH // 4
    chroma = yuv[HEIGHT:].reshape(-1)
    planes = (
        yuv[:HEIGHT],
        chroma[quarter:].reshape(HEIGHT // 2, WIDTH // 2),
        chroma[:quarter].reshape(HEIGHT // 2, WIDTH // 2),
    )
    small = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes]
    return boxed(cv2.cvtColor(cv2.merge(small), cv2.COLOR_YCrCb2RGB))


def opencv_tight(yuv: np.ndarray, code: int, degrees: float) -> np.ndarray:
    """Linear blends of four pixels: quicker than an average, and patterns finer than a pixel of the crop are aliased."""
    rgb = cv2.cvtColor(yuv, code)
    return cv2.warpAffine(rgb, tight(degrees), (TIGHT, TIGHT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def numpy_rgb(y: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """BT.601 of limited range."""
    y, u, v = (y.astype(np.float32) - 16) * 1.164384, u.astype(np.float32) - 128, v.astype(np.float32) - 128
    rgb = np.stack((y + 1.596027 * v, y - 0.391762 * u - 0.812968 * v, y + 2.017232 * u), axis=-1)
    return np.clip(rgb + 0.5, 0, 255).astype(np.uint8)


def numpy_planes(yuv: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    quarter = HEIGHT * WIDTH // 4
    chroma = yuv[HEIGHT:].reshape(-1)
    u, v = (part.reshape(HEIGHT // 2, WIDTH // 2) for part in (chroma[:quarter], chroma[quarter:]))
    return yuv[:HEIGHT], u.repeat(2, 0).repeat(2, 1), v.repeat(2, 0).repeat(2, 1)


def numpy_fit(yuv: np.ndarray) -> np.ndarray:
    rgb = numpy_rgb(*numpy_planes(yuv))
    by = WIDTH // FIT
    return boxed(rgb.reshape(HEIGHT // by, by, FIT, by, 3).mean((1, 3), dtype=np.float32).astype(np.uint8))


def numpy_tight(yuv: np.ndarray, degrees: float) -> np.ndarray:
    rgb = numpy_rgb(*numpy_planes(yuv))
    y, x = np.mgrid[:TIGHT, :TIGHT]
    (a, minus_b, tx), (b, _, ty) = tight(degrees)
    u, v = a * x + minus_b * y + tx, b * x + a * y + ty
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    right, below = (u - i)[..., None], (v - j)[..., None]
    upper = rgb[j, i] * (1 - right) + rgb[j, i + 1] * right
    lower = rgb[j + 1, i] * (1 - right) + rgb[j + 1, i + 1] * right
    return (upper * (1 - below) + lower * below + 0.5).astype(np.uint8)


def fastest_ms(call, seconds: float = 2.0) -> float:
    taken, until = [], time.perf_counter() + seconds
    call()
    while time.perf_counter() < until or len(taken) < 5:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken) * 1000


def callguard_ms(group: str, pixel: str) -> float:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    sample = json.loads((target / "criterion" / group / pixel / "new" / "sample.json").read_text())
    return min(time / runs for time, runs in zip(sample["times"], sample["iters"])) / 1e6


def main() -> None:
    cv2.setNumThreads(1)
    if "--measured" not in sys.argv:
        command = ["cargo", "bench", "-p", "callguard-benches", "--bench", "vision"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    yuv = noise(WIDTH * HEIGHT * 3 // 2).reshape(HEIGHT * 3 // 2, WIDTH)
    i420, nv12 = cv2.COLOR_YUV2RGB_I420, cv2.COLOR_YUV2RGB_NV12
    rows = [
        ("fit 320, I420", callguard_ms("fit", "I420"), lambda: opencv_fit(yuv, i420), lambda: numpy_fit(yuv)),
        ("fit 320, I420, planes first", callguard_ms("fit", "I420"), lambda: opencv_planes_first(yuv), None),
        ("fit 320, NV12", callguard_ms("fit", "Nv12"), lambda: opencv_fit(yuv, nv12), None),
        ("tight 160, I420, 10°", callguard_ms("tight", "I420"), lambda: opencv_tight(yuv, i420, 10), lambda: numpy_tight(yuv, 10)),
        ("tight 160, NV12, 10°", callguard_ms("tight", "Nv12"), lambda: opencv_tight(yuv, nv12, 10), None),
        ("tight 160, I420, level", callguard_ms("tight-level", "I420"), lambda: opencv_tight(yuv, i420, 0), None),
    ]
    print(f"1920x1080, fastest, ms, one thread; OpenCV {cv2.__version__}, numpy {np.__version__}")
    print(f"{'':28} {'callguard':>10} {'OpenCV':>10} {'numpy':>10}")
    for name, ours, opencv, numpy in rows:
        theirs = f"{fastest_ms(numpy):10.2f}" if numpy else f"{'':>10}"
        print(f"{name:28} {ours:10.3f} {fastest_ms(opencv):10.3f} {theirs}")


if __name__ == "__main__":
    main()
