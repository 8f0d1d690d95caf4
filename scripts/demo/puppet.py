"""A photograph that speaks: one portrait, warped frame by frame so that its head sways, its eyes blink and its mouth
follows a voice. What a cheap one-photo animation does, in nothing but numpy.

All places are in pixels of the portrait (astronaut.png, 512 x 512), read off enlargements of it under a grid; the
face's box and five points were compared with what YuNet finds.
"""

import numpy as np

FPS = 25
WIDTH, HEIGHT = 640, 360
# What the frame shows of the portrait: 384 x 216 pixels, so the face is about 150 pixels wide in the frame.
LEFT, TOP, SCALE = 32.0, 4.0, 0.6
# The portrait is enlarged before, with room around the frame; then the nearest pixel is near enough.
TEXTURE_LEFT, TEXTURE_TOP, TEXTURE_WIDTH, TEXTURE_HEIGHT, TEXTURE_SCALE = 24, 0, 400, 228, 5

HEAD = (226.0, 97.0, 78.0, 86.0)  # centre and radii, with the hair
FACE = (224.0, 120.0, 54.0, 68.0)
NOSE = (224.0, 125.0, 9.0, 13.0)
NECK = (228.0, 205.0)  # what the head tilts about

# An eye: the columns, the edge of the upper lid below the lashes, the edge of the lower lid, the lower edge of the brow.
EYES = [
    ([192, 194, 197, 201, 205, 209, 212, 215], [101, 100.6, 99.4, 98.4, 98.3, 99.6, 102, 104.2], [101.2, 102, 103, 104, 104.8, 104.6, 104.4, 104.2], 92.0),
    ([235, 237, 239, 242, 246, 250, 254, 259], [105.4, 103.8, 102.4, 101, 100.2, 100.3, 101.6, 104.3], [105.4, 105.7, 106, 106.3, 106.8, 106.5, 105.7, 104.4], 95.0),
]  # fmt: skip
LASHES = 2.5
# Where the lower lip meets the teeth.
LIPS_X = np.array([203.0, 206, 209, 212, 216, 220, 224, 228, 232, 236, 240, 244.5])
LIPS_Y = np.array([139.5, 143.5, 146, 148, 149.3, 149.8, 150, 149.7, 148.5, 146.5, 144.3, 140])
MOUTH_CENTRE, MOUTH_HALF_WIDTH, JAW_HALF_WIDTH = 223.7, 20.8, 52.0
CHIN_Y, COLLAR_Y = 178.0, 212.0
WIDEST_OPEN = 5.5
INSIDE_THE_MOUTH = np.array([38.0, 12.0, 12.0]), np.array([118.0, 58.0, 56.0])  # at the teeth, at the lower lip

# Parts of the frame, in its pixels, in which lids and lips are worked on: with room for the head's movement.
EYES_BOX = (slice(130, 190), slice(245, 400))
MOUTH_BOX = (slice(205, 360), slice(215, 430))


def smoothstep(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def wander(times: np.ndarray, period_s: float, random: np.random.Generator) -> np.ndarray:
    """A slow movement between about -1 and 1 that does not come round again within a call."""
    parts = [(0.55, 1.0), (0.3, 0.618), (0.15, 0.347)]
    return sum(size * np.sin(2.0 * np.pi * (times / (period_s * part) + random.random())) for size, part in parts)


def blinks(times: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How far the eyes are closed, 0 to 1: a quick fall of the lids and a slower rise, every two to five seconds."""
    closed = np.zeros(len(times))
    at = random.uniform(1.0, 2.5)
    while at < times[-1]:
        falling, rising = (times - at) / 0.09, (times - at - 0.13) / 0.19
        closed = np.maximum(closed, smoothstep(falling) * (1.0 - smoothstep(rising)))
        at += random.uniform(2.0, 5.0)
    return closed


def mouth_openings(voice: np.ndarray, rate: int, frames: int) -> np.ndarray:
    """How far the mouth is open, 0 to 1: the level of the voice where vowels are strong, faster to open than to close."""
    length = rate // FPS
    padded = np.zeros(frames * length)
    padded[: min(len(voice), len(padded))] = voice[: len(padded)]
    spectrum = np.abs(np.fft.rfft(padded.reshape(frames, length) * np.hanning(length), axis=1)) ** 2
    hertz = np.fft.rfftfreq(length, 1.0 / rate)
    power = spectrum[:, (hertz > 250) & (hertz < 1200)].sum(axis=1)
    level_db = 10.0 * np.log10(power + 1e-9)
    wanted = np.clip((level_db - (np.percentile(level_db, 95) - 24.0)) / 24.0, 0.0, 1.0) ** 1.5
    opening, held = np.zeros(frames), 0.0
    for frame, target in enumerate(wanted):
        held += (target - held) * (0.75 if target > held else 0.45)
        opening[frame] = held
    return opening


class Puppet:
    """`texture` is the enlarged portrait, TEXTURE_HEIGHT x TEXTURE_WIDTH times TEXTURE_SCALE, four bytes a pixel."""

    def __init__(self, texture: np.ndarray):
        self.texture = np.ascontiguousarray(texture).view(np.uint32).reshape(-1)
        x, y = np.meshgrid(LEFT + SCALE * np.arange(WIDTH), TOP + SCALE * np.arange(HEIGHT))
        self.x, self.y = x.astype(np.float32), y.astype(np.float32)

        def radius(place: tuple) -> np.ndarray:
            return np.hypot((x - place[0]) / place[2], (y - place[1]) / place[3])

        # The head moves as one; hair, neck and the backdrop close by are drawn along, as in any warped photograph.
        head = 1.0 - smoothstep((radius(HEAD) - 1.0) / 1.0)
        depth = np.clip(1.0 - radius(FACE) ** 2, 0.0, None) + 0.45 * np.exp(-0.5 * radius(NOSE) ** 2) - 0.12 * head
        body = smoothstep((y - 175.0) / 45.0) * (1.0 - smoothstep((np.abs(x - 230.0) - 95.0) / 90.0))
        fields = {
            "head": head,
            "depth": depth,
            "body": body,
            "tilt_x": -(y - NECK[1]) * head,
            "tilt_y": (x - NECK[0]) * head,
        }
        self.fields = {name: field.astype(np.float32) for name, field in fields.items()}

    def frame(self, pose: dict[str, float]) -> np.ndarray:
        """One picture, HEIGHT x WIDTH x 4 bytes.

        `x`, `y`, `turn`, `nod`, `breath` in pixels of the portrait; `tilt` in radians; `lean` as a share of the size;
        `blink` and `mouth` from 0 to 1.
        """
        field = self.fields
        lean = np.float32(pose["lean"])
        tilt = np.float32(pose["tilt"])
        x = self.x - field["head"] * np.float32(pose["x"]) - field["depth"] * np.float32(pose["turn"])
        x -= field["tilt_x"] * tilt + field["tilt_y"] * lean + field["body"] * np.float32(0.25 * pose["x"])
        y = self.y - field["head"] * np.float32(pose["y"]) - field["depth"] * np.float32(pose["nod"])
        y -= field["tilt_y"] * tilt - field["tilt_x"] * lean + field["body"] * np.float32(pose["breath"])
        if pose["blink"] > 0.0:
            y[EYES_BOX] = closed_eyes(x[EYES_BOX], y[EYES_BOX], pose["blink"])
        inside = None
        if pose["mouth"] > 0.0:
            y[MOUTH_BOX], inside, depth = open_mouth(x[MOUTH_BOX], y[MOUTH_BOX], WIDEST_OPEN * pose["mouth"])
        columns = np.clip((x - TEXTURE_LEFT) * TEXTURE_SCALE, 0, TEXTURE_WIDTH * TEXTURE_SCALE - 1).astype(np.int32)
        rows = np.clip((y - TEXTURE_TOP) * TEXTURE_SCALE, 0, TEXTURE_HEIGHT * TEXTURE_SCALE - 1).astype(np.int32)
        picture = self.texture.take(rows * (TEXTURE_WIDTH * TEXTURE_SCALE) + columns).view(np.uint8).reshape(HEIGHT, WIDTH, 4)
        if inside is not None:
            colour = INSIDE_THE_MOUTH[0] + (INSIDE_THE_MOUTH[1] - INSIDE_THE_MOUTH[0]) * depth[..., None] ** 2
            mouth = picture[MOUTH_BOX][..., :3]
            mouth[...] = mouth * (1.0 - inside[..., None]) + colour * inside[..., None]
        return picture


def closed_eyes(x: np.ndarray, y: np.ndarray, closed: float) -> np.ndarray:
    """Where the portrait is looked up when the upper lids, lashes and all, slide down over the eyes."""
    looked_up = y.copy()
    for columns, upper, lower, brow in EYES:
        open_edge = np.interp(x, columns, upper)
        edge = open_edge + closed * (np.interp(x, columns, lower) - open_edge)
        lid = (x > columns[0]) & (x < columns[-1]) & (y > brow) & (y < edge)
        stretched = brow + (y - brow) * (open_edge - LASHES - brow) / (edge - LASHES - brow)
        looked_up[lid] = np.where(y > edge - LASHES, y - edge + open_edge, stretched)[lid]
    return looked_up


def open_mouth(x: np.ndarray, y: np.ndarray, opening: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the portrait is looked up when jaw and lower lip go down; what of each pixel is the inside of the mouth,
    and how deep from the teeth (0) to the lip (1) it lies."""
    lips = np.interp(x, LIPS_X, LIPS_Y).astype(np.float32)
    across = np.clip(1.0 - ((x - MOUTH_CENTRE) / MOUTH_HALF_WIDTH) ** 2, 0.0, 1.0)
    parted = np.sqrt(across) * smoothstep(across * 2.5)
    beside = smoothstep(1.0 - np.abs(x - MOUTH_CENTRE) / JAW_HALF_WIDTH)

    def jaw(at: np.ndarray) -> np.ndarray:
        return beside * smoothstep((at - 137.0) / 36.0) * (1.0 - smoothstep((at - CHIN_Y) / (COLLAR_Y - CHIN_Y)))

    def lower_lip(at: np.ndarray) -> np.ndarray:
        held = jaw(at)
        return held + parted * (1.0 - held) * (1.0 - smoothstep((at - lips) / (CHIN_Y - 4.0 - lips)))

    # From the picture back to the portrait: two rounds are enough, the field is flat against the opening.
    below = y
    for _ in range(2):
        below = y - opening * lower_lip(np.maximum(below, lips))
    above = y - opening * jaw(y) * (1.0 - parted)
    gap = opening * lower_lip(lips)
    upper_edge = lips + opening * jaw(lips) * (1.0 - parted)
    lower_edge = lips + gap
    inside = np.clip((y - upper_edge) / SCALE + 0.5, 0.0, 1.0) * np.clip((lower_edge - y) / SCALE + 0.5, 0.0, 1.0)
    inside *= (parted > 0.0) * np.clip((lower_edge - upper_edge) / SCALE, 0.0, 1.0)
    depth = np.clip((y - upper_edge) / np.maximum(lower_edge - upper_edge, 1e-3), 0.0, 1.0)
    return np.where(y < (upper_edge + lower_edge) / 2.0, np.minimum(above, lips), np.maximum(below, lips)), inside, depth


def poses(voice: np.ndarray, rate: int, seconds: float, seed: int = 4) -> list[dict[str, float]]:
    """How the puppet holds itself in every frame while the voice speaks."""
    frames = round(seconds * FPS)
    times = np.arange(frames) / FPS
    random = np.random.default_rng(seed)
    mouth = mouth_openings(voice, rate, frames)
    # The head goes a little with the speech, as a person's does.
    emphasis = np.convolve(mouth, np.hanning(17) / np.hanning(17).sum(), mode="same")
    values = {
        "x": 4.5 * wander(times, 7.3, random),
        "y": 2.0 * wander(times, 5.9, random) + 1.5 * emphasis,
        "turn": 5.0 * wander(times, 6.1, random),
        "nod": 3.0 * wander(times, 4.7, random) + 2.5 * emphasis,
        "tilt": 0.035 * wander(times, 8.9, random),
        "lean": 0.02 * wander(times, 11.3, random),
        "breath": 0.7 * np.sin(2.0 * np.pi * times / 3.9),
        "blink": blinks(times, random),
        "mouth": np.where(mouth > 0.03, mouth, 0.0),
    }
    return [{name: float(value[frame]) for name, value in values.items()} for frame in range(frames)]
