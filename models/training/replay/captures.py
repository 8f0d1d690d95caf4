"""Simulated captures: a genuine picture shown by a screen or printed, held to a camera. And what genuine pictures meet before a camera of the same kind.

Everything is light (linear) until the camera turns it into a picture. Patterns of the shown picture's own grid (sub-pixels, dots of a print) are evaluated at the sensor's pixels, so that they alias as they do before a
real sensor; nothing draws moire. `Camera` is shared by both of a pair. With `other` the same things are modelled in another way (hard-edged grids and dots, window panes for glare, a ripple for a curl, shot noise, no colour
filter array): no network is trained on those.
"""

import cv2
import numpy as np

SPECIES = {
    "monitor": "LCD monitor or laptop", "phone": "LCD phone or tablet, held", "oled": "OLED phone (pentile grid), held",
    "print": "matte print", "photo": "glossy photographic print", "paper": "curled or cut-out paper",
}
SCREENS, HELD = ("monitor", "phone", "oled"), ("phone", "oled", "print", "photo", "paper")
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def within(rng, low, high):
    """Log-uniform"""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def light_of(picture, gamma=2.2):
    return cv2.LUT(picture, ((np.arange(256) / 255) ** gamma).astype(np.float32))


def sways(rng, size):
    """A hand's motion: a function of seconds"""
    hertz, phase, part = rng.uniform(0.2, 2.5, 4), rng.random(4), rng.uniform(0.2, 1, 4)
    return lambda t: size * float(np.sum(part * np.sin(2 * np.pi * (hertz * t + phase))) / np.sum(part))


def mixing(rng, saturation):
    """Matrix of a gamut: pulls colours apart (above 1) or together, a little askew"""
    m = saturation * np.eye(3) + (1 - saturation) * LUMA[None]
    m = m + rng.normal(0, 0.02, (3, 3))
    return (m / m.sum(1, keepdims=True) * rng.uniform(0.88, 1.12, (3, 1))).astype(np.float32)


class Camera:
    def __init__(self, rng, other=False):
        self.fine = float(rng.choice([1.0, 1.0, 1.4, 2.0]))  # sensor pixels for one of the picture
        self.mosaic = not other and rng.random() < 0.5
        self.reduce = cv2.INTER_AREA if other or rng.random() < 0.6 else cv2.INTER_LINEAR
        self.level, self.balance = within(rng, 0.7, 1.4), rng.uniform(0.93, 1.07, 3).astype(np.float32)
        self.blur, self.gamma, self.bend = within(rng, 0.25, 1.3), rng.uniform(1.9, 2.5), rng.uniform(0, 0.5)
        self.noise, self.shot = within(rng, 0.002, 0.02), other
        self.sharpen = rng.uniform(0.2, 1.2) if rng.random() < 0.4 else 0.0
        self.seed = int(rng.integers(1 << 31))

    def fine_size(self, size):
        return int(round(size[0] * self.fine)), int(round(size[1] * self.fine))

    def shoot(self, light, size, middle, aim, t=0.0):
        """RGB picture of `size` (wide, high); exposed so that the light around `middle` (x, y, radius in the picture) has the mean `aim`."""
        rng = np.random.default_rng([self.seed, int(t * 1000)])
        x, y, r = (int(v * self.fine) for v in middle)
        seen = light[max(0, y - r) : y + r + 1, max(0, x - r) : x + r + 1]
        gain = aim * self.level / (float(seen.mean()) + 1e-4) if seen.size else 1.0
        light = cv2.GaussianBlur(light, (0, 0), self.blur * self.fine) * (gain * self.balance)
        spread = np.sqrt(np.maximum(light, 0) + 0.02) if self.shot else 1.0
        light = light + (self.noise * spread) * rng.standard_normal(light.shape, np.float32)
        if self.mosaic:
            raw = (np.clip(light, 0, 1) * 65535).astype(np.uint16)
            bayer = raw[..., 1].copy()
            bayer[::2, ::2], bayer[1::2, 1::2] = raw[::2, ::2, 0], raw[1::2, 1::2, 2]
            light = cv2.cvtColor(bayer, cv2.COLOR_BayerBG2RGB).astype(np.float32) / 65535
        if self.fine != 1:
            light = cv2.resize(light, size, interpolation=self.reduce)
        out = np.clip(light, 0, 1) ** (1 / self.gamma)
        out = out + self.bend * out * (1 - out) * (2 * out - 1)
        if self.sharpen:
            out = out + self.sharpen * (out - cv2.GaussianBlur(out, (0, 0), 1.0))
        return (np.clip(out, 0, 1) * 255 + 0.5).astype(np.uint8)


def bands(rng, strongest):
    """Bands of a lamp or a screen that flickers under a rolling shutter: a function of (heights, seconds), for every channel"""
    count, drift, size, phase, apart = within(rng, 0.5, 6), rng.normal(0, 1.5), within(rng, 0.004, strongest), rng.random(), rng.normal(0, 0.04, 3)
    return lambda y, t: (1 + size * np.sin(2 * np.pi * (count * y[:, None] + drift * t + phase + apart))).astype(np.float32)[:, None, :]


def shine(rng, light, strongest, panes):
    """Adds a lamp's or a window's mirror image"""
    high, wide = light.shape[:2]
    spot = np.zeros((high // 4 + 1, wide // 4 + 1), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        at, half = rng.uniform(0, 1, 2) * spot.shape[::-1], rng.uniform(0.03, 0.25, 2) * spot.shape[1]
        if panes:
            box = cv2.boxPoints((tuple(at), tuple(2 * half), rng.uniform(-30, 30)))
            cv2.fillPoly(spot, [box.astype(np.int32)], 1.0)
        else:
            cv2.ellipse(spot, (int(at[0]), int(at[1])), (int(half[0]) + 1, int(half[1]) + 1), rng.uniform(0, 180), 0, 360, 1.0, -1)
    spot = cv2.GaussianBlur(spot, (0, 0), within(rng, 0.8, 0.12 * spot.shape[1] + 1))
    tint = rng.uniform(0.85, 1.1, 3).astype(np.float32) * within(rng, 0.03, strongest)
    return light + cv2.resize(spot, (wide, high))[..., None] * tint


def fingers(rng, light, corners, unit):
    """A hand at one edge: some capsules of skin"""
    skin = light_of(np.uint8([[rng.choice([[224, 172, 150], [198, 140, 110], [141, 90, 66], [92, 58, 44], [240, 200, 180]])]]))[0, 0] * rng.uniform(0.4, 1.2)
    side, mask = int(rng.integers(4)), np.zeros(light.shape[:2], np.uint8)
    a, b = corners[side], corners[(side + 1) % 4]
    inward = np.mean(corners, 0) - (a + b) / 2
    inward = inward / (np.linalg.norm(inward) + 1e-6)
    thick = max(2, int(rng.uniform(0.3, 1.1) * unit))
    for n in range(int(rng.integers(1, 5))):
        at = a + (b - a) * (rng.uniform(0.1, 0.5) + 0.15 * n)
        tip = at + inward * rng.uniform(0.1, 0.7) * unit
        end = at - inward * 4 * unit + rng.normal(0, unit, 2)
        cv2.line(mask, tuple(int(v) for v in tip), tuple(int(v) for v in end), 255, thick)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, 0.04 * unit)).astype(np.float32)[..., None] / 255
    shade = 0.75 + 0.5 * cv2.GaussianBlur(mask, (0, 0), max(1.0, 0.25 * unit)).astype(np.float32)[..., None] / 255 - 0.25
    return light * (1 - soft) + skin * shade * soft


class Capture:
    """One presentation: what is drawn once, for all its pictures."""

    def __init__(self, species, rng, other=False):
        self.species, self.other, self.seed = species, other, int(rng.integers(1 << 31))
        self.screen = species in SCREENS
        steady = 0.1 if species == "monitor" or rng.random() < 0.2 else 1.0
        self.move = [sways(rng, s * steady) for s in (0.25, 0.25, 2.5, 3.0, 3.0)]  # across and down in d, roll, two tilts in degrees
        self.tilt = rng.normal(0, (3, 9, 9)) * (0.5 if species == "monitor" else 1)
        self.lens = rng.normal(0, 0.015)
        self.size = rng.uniform(1.3, 3.2, 4) if species != "monitor" or rng.random() < 0.4 else np.full(4, 9.0)  # what of the picture is shown, in d to left, top, right, bottom
        if species == "oled":
            self.matrix, self.black, self.gamma = mixing(rng, rng.uniform(1.05, 1.4)), within(rng, 0.0003, 0.004), rng.uniform(2.0, 2.5)
        elif self.screen:
            self.matrix, self.black, self.gamma = mixing(rng, rng.uniform(0.75, 1.15)), within(rng, 0.003, 0.04), rng.uniform(1.8, 2.6)
        else:
            self.matrix, self.black, self.gamma = mixing(rng, rng.uniform(0.5, 1.0)), within(rng, 0.01, 0.09), rng.uniform(1.6, 2.5)
        if self.screen:
            self.matrix = self.matrix * np.array([[1.0], [1.0], [rng.uniform(0.95, 1.35)]], np.float32)
        self.pitch = within(rng, 0.4, 3.0) if self.screen else within(rng, 0.7, 3.5)  # sensor pixels for one of the grid
        self.depth = within(rng, 0.015, 0.5) * (0.7 if self.screen else 0.5)
        self.grain, self.coarse = within(rng, 0.004, 0.04), within(rng, 0.004, 0.05)
        self.bands = bands(rng, 0.2 if species != "oled" else 0.4) if self.screen and rng.random() < 0.6 else None
        self.fall = rng.normal(0, 0.12 if self.screen else 0.2, 2).tolist()
        self.frame = {"monitor": 0.0 if rng.random() < 0.2 else rng.uniform(0.1, 0.6), "phone": rng.uniform(0.08, 0.9), "oled": rng.uniform(0.04, 0.3), "paper": 0.0}.get(species, 0.0 if rng.random() < 0.4 else rng.uniform(0.05, 0.7))
        self.frame_light = (within(rng, 0.001, 0.03) if rng.random() < 0.8 else 0.6) * np.ones(3, np.float32) if self.screen else rng.uniform(0.6, 0.95) * rng.uniform(0.93, 1.03, 3).astype(np.float32)
        self.round = rng.uniform(0, 0.5) if species in ("phone", "oled") else 0.0
        self.cut = species == "paper" and rng.random() < 0.5
        self.curl = rng.normal(0, 0.25) if species == "paper" or (not self.screen and rng.random() < 0.3) else 0.0
        self.axis = rng.uniform(0, np.pi)
        self.glare = rng.random() < {"photo": 0.75, "phone": 0.5, "oled": 0.5, "monitor": 0.35}.get(species, 0.1)
        self.mirror = within(rng, 0.005, 0.12) if species in ("photo", "phone", "oled") and rng.random() < 0.6 else 0.0
        self.around = within(rng, 0.15, 1.5)  # light of what lies around it, to its own
        self.hand = species in HELD and rng.random() < 0.5

    def light(self, picture, place, d, middle, size, camera, behind, rect, mask=None, t=0.0):
        """(light on the sensor, 3 x 3 matrix from `picture` to a camera's picture of `size`).

        `place`: 3 x 3 of a straight view; `d`, `middle`: of the face in that view; `rect`: left, top, right, bottom of what `picture` holds; `behind`: a picture; `mask`: of the person, 0 to 255.
        """
        rng = np.random.default_rng(self.seed)
        wide, high = camera.fine_size(size)
        d, middle = float(d), [float(v) for v in middle]
        x, y = np.meshgrid((np.arange(wide, dtype=np.float32) + 0.5) / camera.fine - 0.5, (np.arange(high, dtype=np.float32) + 0.5) / camera.fine - 0.5)
        across, down, roll, lean, turn = (m(t) for m in self.move)
        roll, lean, turn = np.radians([roll + self.tilt[0], lean + self.tilt[1], turn + self.tilt[2]])
        c, s, far = np.cos(roll), np.sin(roll), 9 * d
        pose = np.array([[c * np.cos(turn), -s * np.cos(lean), 0], [s * np.cos(turn), c * np.cos(lean), 0], [np.sin(turn) / far, np.sin(lean) / far, 1]])
        to = np.array([[1, 0, middle[0] + across * d], [0, 1, middle[1] + down * d], [0, 0, 1]]) @ pose @ np.array([[1, 0, -middle[0]], [0, 1, -middle[1]], [0, 0, 1]]) @ place
        back = np.linalg.inv(to)
        if self.lens:
            off = ((x - middle[0]) ** 2 + (y - middle[1]) ** 2) * (self.lens / (3.5 * d) ** 2)
            sx, sy = x + (x - middle[0]) * off, y + (y - middle[1]) * off
        else:
            sx, sy = x, y
        to_plane = [[float(v) for v in row] for row in back]
        u, v, w = (row[0] * sx + row[1] * sy + row[2] for row in to_plane)
        u, v = u / w, v / w
        unit = d / float(np.hypot(*place[:2, 0]))  # d in pixels of the picture
        face = [float(v) for v in np.linalg.inv(place) @ [*middle, 1]]
        shade = 1.0
        if self.curl:
            ax, ay = float(np.cos(self.axis)), float(np.sin(self.axis))
            along = ((u - face[0]) * ax + (v - face[1]) * ay) / (4 * unit)
            bent = 0.3 * np.sin(3.5 * along) if self.other else along**2 * float(np.sign(self.curl))
            u, v = u + bent * (abs(self.curl) * unit * ax), v + bent * (abs(self.curl) * unit * ay)
            shade = np.clip(1 + 2 * self.curl * (np.cos(3.5 * along) if self.other else along), 0.25, 1.6)[..., None]
        scale = camera.fine * d / unit
        shown = picture
        if scale < 0.9:
            shown = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        factor = np.array(shown.shape[1::-1]) / picture.shape[1::-1]
        fx, fy = (float(v) for v in factor)
        own = cv2.remap(light_of(shown, self.gamma), (u + 0.5) * fx - 0.5, (v + 0.5) * fy - 0.5, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        own = self.black + (1 - self.black) * np.maximum(cv2.transform(own, self.matrix), 0)
        own = own * self.pattern(u * (scale / self.pitch), v * (scale / self.pitch), own, rng) * shade
        if self.bands:
            own *= self.bands(np.linspace(0, 1, high), t)
        own *= (1 + self.fall[0] * (x / size[0] - 0.5) + self.fall[1] * (y / size[1] - 0.5))[..., None].clip(0.3)
        if self.mirror:
            own += self.mirror * light_of(cv2.resize(cv2.GaussianBlur(behind[:, ::-1], (0, 0), 4), (wide, high)))
        left, top, right, bottom = max(rect[0], face[0] - self.size[0] * unit), max(rect[1], face[1] - self.size[1] * unit), min(rect[2], face[0] + self.size[2] * unit), min(rect[3], face[1] + self.size[3] * unit)
        r = self.round * unit
        beside = np.maximum(left + r - u, u - right + r), np.maximum(top + r - v, v - bottom + r)
        out = np.hypot(np.maximum(beside[0], 0), np.maximum(beside[1], 0)) + np.minimum(np.maximum(*beside), 0) - r
        inside = np.clip(0.5 - out * scale, 0, 1)[..., None]
        if self.cut and mask is not None:
            inside = inside * cv2.remap(mask, u * (mask.shape[1] / picture.shape[1]), v * (mask.shape[0] / picture.shape[0]), cv2.INTER_LINEAR).astype(np.float32)[..., None].clip(0, 255) / 255
            inside = np.clip(4 * inside - 1.5, 0, 1)
        cover = inside if self.cut or not self.frame else np.clip(0.5 - (out - self.frame * unit) * scale, 0, 1)[..., None]
        scene = light_of(cv2.resize(cv2.GaussianBlur(behind, (0, 0), 1.5), (wide, high), interpolation=cv2.INTER_AREA)) * self.around
        total = scene * (1 - cover) + self.frame_light * (0.5 if self.screen else shade) * (cover - inside) + own * inside
        if self.glare:
            total = total + (shine(rng, np.zeros_like(total), 0.8, self.other)) * cover
        if self.hand:
            edge = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]]) @ to.T
            total = fingers(rng, total, edge[:, :2] / edge[:, 2:] * camera.fine, d * camera.fine)
        return np.ascontiguousarray(total, np.float32), to

    def pattern(self, a, b, own, rng):
        """The shown picture's own grid and grain, by its coordinates in grid pixels"""
        depth = self.depth
        wave = (lambda x: np.tanh(4 * np.cos(2 * np.pi * x))) if self.other else (lambda x: np.cos(2 * np.pi * x))
        if self.species == "oled":
            diagonal = wave((a + b) / 2) * wave((a - b) / 2)
            green = (wave(a) + wave(b)) / 2
            return np.stack([1 + depth * diagonal, 1 + depth * green, 1 - depth * diagonal], -1)
        if self.screen:
            rows = 1 + 0.4 * depth * wave(b)
            return np.stack([rows * (1 + depth * wave(a - n / 3)) for n in range(3)], -1)
        tile = rng.standard_normal((256, 256)).astype(np.float32)
        slow = cv2.resize(rng.standard_normal((32, 32)).astype(np.float32), (256, 256), interpolation=cv2.INTER_CUBIC)
        tile = self.grain * tile + self.coarse * slow
        paper = 1 + cv2.remap(tile, np.mod(a * 1.3, 255).astype(np.float32), np.mod(b * 1.3, 255).astype(np.float32), cv2.INTER_LINEAR)
        if self.species == "photo":
            return (1 + 0.3 * (paper - 1))[..., None]
        out = []
        for n, degrees in enumerate((15, 75, 0)):
            c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
            dots = wave(a * c + b * s) * wave(b * c - a * s)
            out.append(paper * (1 + depth * dots * (1 - np.minimum(own[..., n], 1))))
        return np.stack(out, -1)


class Life:
    """What a genuine person's picture meets before it reaches the camera, drawn once for a recording: things that a detector of captures must not take for one."""

    WAYS = ("none", "framed", "screen behind", "virtual", "blurred", "bars")

    def __init__(self, rng, often=1.0):
        self.seed = int(rng.integers(1 << 31))
        self.way = self.WAYS[int(rng.choice(6, p=[1 - 0.45 * often, 0.12 * often, 0.12 * often, 0.1 * often, 0.06 * often, 0.05 * often]))]
        self.bands = bands(rng, 0.12) if rng.random() < 0.25 * often else None
        self.glare, self.glasses = rng.random() < 0.15 * often, rng.random() < 0.15 * often
        self.glow = rng.uniform(0.1, 0.6) * np.array([rng.uniform(0.5, 1), rng.uniform(0.7, 1), 1.1], np.float32) if rng.random() < 0.25 * often else None
        self.bend, self.matrix = within(rng, 0.75, 1.4), mixing(rng, rng.uniform(0.7, 1.25))
        self.haze = within(rng, 0.001, 0.05)

    def light(self, picture, landmarks, camera, size, behind, mask=None, t=0.0):
        """Light on the sensor of a camera whose picture of `size` shows the whole of `picture`"""
        rng = np.random.default_rng(self.seed)
        wide, high = camera.fine_size(size)
        shrinks = wide < picture.shape[1]
        light = cv2.resize(light_of(picture, 2.2 * self.bend), (wide, high), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        points = np.asarray(landmarks, np.float32).reshape(5, 2) * (wide / picture.shape[1])
        d = float(np.hypot(*((points[3] + points[4] - points[0] - points[1]) / 2)))
        if mask is not None and self.way in ("framed", "screen behind", "virtual", "blurred"):
            person = (cv2.resize(mask, (wide, high)).astype(np.float32) / 255)[..., None]
            if self.way == "virtual":
                there = light_of(cv2.resize(behind, (wide, high)))
            elif self.way == "blurred":
                there = cv2.GaussianBlur(light, (0, 0), 0.25 * d)
            else:
                there = light.copy()
                for _ in range(int(rng.integers(1, 3))):
                    thing = self.thing(rng, behind, d)
                    at = points.mean(0) + rng.uniform(-3.5, 3.5, 2) * d
                    x, y = int(at[0] - thing.shape[1] / 2), int(at[1] - thing.shape[0] / 2)
                    l, o, r, u = max(x, 0), max(y, 0), min(x + thing.shape[1], wide), min(y + thing.shape[0], high)
                    if r > l and u > o:
                        there[o:u, l:r] = thing[o - y : u - y, l - x : r - x]
            light = light * person + there * (1 - person)
        if self.way == "bars":
            bar, axis = int(rng.uniform(0.05, 0.3) * (wide if rng.random() < 0.7 else high)), rng.random() < 0.7
            wall = cv2.GaussianBlur(cv2.resize(light, (wide, high)), (0, 0), 0.4 * d + 1) * 0.5 if rng.random() < 0.3 else np.full_like(light, rng.choice([0.0, 0.003, 0.05, 0.9]))
            for part in ((slice(None), slice(0, bar)), (slice(None), slice(wide - bar, wide))) if axis else ((slice(0, bar),), (slice(high - bar, high),)):
                light[part] = wall[part]
        if self.glow is not None:
            near = np.exp(-(((np.arange(wide) - points[2, 0] + rng.normal(0, d)) / (2.5 * d)) ** 2)).astype(np.float32)
            light = light * (1 + near[None, :, None] * self.glow)
        if self.glasses:
            for eye in points[:2]:
                at = eye + rng.uniform(-0.2, 0.2, 2) * d
                box = cv2.boxPoints((tuple(map(float, at)), (float(d * rng.uniform(0.1, 0.45)), float(d * rng.uniform(0.08, 0.3))), rng.uniform(-20, 20)))
                spot = np.zeros((high, wide), np.float32)
                cv2.fillPoly(spot, [box.astype(np.int32)], within(rng, 0.1, 0.9))
                light = light + cv2.GaussianBlur(spot, (0, 0), max(0.6, 0.05 * d))[..., None] * np.float32([0.8, 0.95, 1.1])
        if self.glare:
            light = shine(rng, light, 0.5, rng.random() < 0.5)
        light = np.maximum(cv2.transform(np.ascontiguousarray(light), self.matrix), 0) + self.haze
        if self.bands:
            light = light * self.bands(np.linspace(0, 1, high), t)
        return np.ascontiguousarray(light, np.float32)

    def thing(self, rng, behind, d):
        """A framed picture, or a screen that is on"""
        wide, high = int(rng.uniform(1, 4) * d) + 4, int(rng.uniform(1, 3.5) * d) + 4
        edge = max(1, int(rng.uniform(0.05, 0.35) * d))
        bright, colour = (within(rng, 0.3, 2.5), rng.uniform(0, 0.05)) if self.way == "screen behind" else (rng.uniform(0.3, 0.9), rng.uniform(0, 0.8))
        out = np.full((high + 2 * edge, wide + 2 * edge, 3), colour, np.float32)
        out[edge:-edge, edge:-edge] = light_of(cv2.resize(behind, (wide, high), interpolation=cv2.INTER_AREA)) * bright
        return out
