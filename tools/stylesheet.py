"""Builds the one style sheet: the parts of Designsystemet we use, our theme's tokens, our own components.

    python tools/stylesheet.py [folder of @digdir/designsystemet-css]      writes static/tongban/tongban.css
    python tools/stylesheet.py --theme                                     writes styles/theme.css only

The result is committed, so that pages have their look on a machine without Node; a test says when it is stale.
"""

import math
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "tongban/channels/pages"
STYLES = PAGES / "styles"
RESULT = PAGES / "static/tongban/tongban.css"
PACKAGE = ROOT / "node_modules/@digdir/designsystemet-css"

# In the order of the package's own index. Left out on purpose: everything that needs its web components.
PARTS = "base button heading label input field fieldset validation-message error-summary alert tag skip-link"
SOURCES = (
    "theme",
    "ground",
    "shell",
    "components",
    "forms",
    "pages",
    "licences",
    "bundles",
    "talk",
    "payments",
    "getting",
    "mandates",
    "points",
    "identity",
    "codes",
    "editions",
    "together",
    "print",
)
NOTICE = "/*! Contains parts of @digdir/designsystemet-css 1.22 (MIT, Copyright (c) 2022 Digitaliseringsdirektoratet). Built by tools/stylesheet.py */\n"

# -- the palette: lightness (OKLCH) of each step; every colour brings its hue and how strong it is

LIGHT = {
    "background-default": 0.983,
    "background-tinted": 0.962,
    "surface-default": 0.995,
    "surface-tinted": 0.948,
    "surface-hover": 0.918,
    "surface-active": 0.88,
    "border-subtle": 0.885,
    "border-default": 0.60,
    "border-strong": 0.47,
    "text-subtle": 0.455,
    "text-default": 0.27,
}
DARK = {
    "background-default": 0.195,
    "background-tinted": 0.222,
    "surface-default": 0.243,
    "surface-tinted": 0.278,
    "surface-hover": 0.315,
    "surface-active": 0.365,
    "border-subtle": 0.37,
    "border-default": 0.61,
    "border-strong": 0.75,
    "text-subtle": 0.79,
    "text-default": 0.945,
}
# How much of a colour's strength a step carries.
TINT = {
    "background-default": 0.07,
    "background-tinted": 0.16,
    "surface-default": 0.03,
    "surface-tinted": 0.24,
    "surface-hover": 0.36,
    "surface-active": 0.5,
    "border-subtle": 0.42,
    "border-default": 0.9,
    "border-strong": 1,
    "text-subtle": 1,
    "text-default": 0.6,
}
# name: hue, strength, lightness of the base colour by day and by night, its text by day and by night ("w" white, "k" ink)
COLOURS = {
    "accent": (195, 0.082, 0.445, 0.775, "w", "k"),
    "neutral": (80, 0.016, 0.29, 0.83, "w", "k"),
    "persimmon": (42, 0.17, 0.565, 0.765, "w", "k"),
    "info": (240, 0.095, 0.48, 0.77, "w", "k"),
    "success": (150, 0.105, 0.47, 0.77, "w", "k"),
    "warning": (72, 0.13, 0.80, 0.82, "k", "k"),
    "danger": (25, 0.175, 0.515, 0.745, "w", "k"),
}
# The ground is warm paper by day and a warm dark room by night: neutrals carry more warmth there than their strength gives.
PAPER = {
    "light": {
        "background-default": (0.981, 0.0085, 84),
        "background-tinted": (0.957, 0.0125, 82),
        "surface-default": (0.997, 0.003, 84),
        "surface-tinted": (0.946, 0.0125, 82),
        "surface-hover": (0.918, 0.015, 80),
        "surface-active": (0.88, 0.018, 80),
        "border-subtle": (0.895, 0.0145, 80),
    },
    "dark": {
        "background-default": (0.187, 0.006, 84),
        "background-tinted": (0.212, 0.007, 84),
        "surface-default": (0.232, 0.0075, 84),
        "surface-tinted": (0.268, 0.009, 84),
    },
}


def linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    cone_l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    cone_m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    cone_s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * cone_l - 3.3077115913 * cone_m + 0.2309699292 * cone_s,
        -1.2684380046 * cone_l + 2.6097574011 * cone_m - 0.3413193965 * cone_s,
        -0.0041960863 * cone_l - 0.7034186147 * cone_m + 1.7076147010 * cone_s,
    )


def hexed(lightness: float, chroma: float, hue: float) -> str:
    """The nearest colour a screen can show: strength gives way before lightness does."""
    rgb = linear(lightness, chroma, hue)
    while any(not -0.0005 <= part <= 1.0005 for part in rgb) and chroma > 0:
        chroma -= 0.002
        rgb = linear(lightness, max(chroma, 0), hue)
    parts = [min(max(part, 0), 1) for part in rgb]
    gamma = [12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055 for part in parts]
    return "#" + "".join(f"{round(part * 255):02x}" for part in gamma)


def tokens(scheme: str) -> dict[str, str]:
    steps = LIGHT if scheme == "light" else DARK
    found = {}
    for name, (hue, strength, day, night, day_text, night_text) in COLOURS.items():
        for step, lightness in steps.items():
            chroma = strength * TINT[step] * (1 if scheme == "light" else 0.85)
            paper = PAPER[scheme].get(step) if name == "neutral" else None
            found[f"{name}-{step}"] = hexed(*paper) if paper else hexed(lightness, chroma, hue)
        base, text, turn = (day, day_text, -1) if scheme == "light" else (night, night_text, 1)
        chroma = strength if scheme == "light" else strength * 0.95
        found[f"{name}-base-default"] = hexed(base, chroma, hue)
        found[f"{name}-base-hover"] = hexed(base + turn * 0.05, chroma, hue)
        found[f"{name}-base-active"] = hexed(base + turn * 0.1, chroma * 0.9, hue)
        found[f"{name}-base-contrast-default"] = "#ffffff" if text == "w" else hexed(0.19, 0.02, hue)
        found[f"{name}-base-contrast-subtle"] = hexed(0.95, 0.02, hue) if text == "w" else hexed(0.26, 0.03, hue)
    found["focus-inner"] = found["neutral-background-default"]
    found["focus-outer"] = found["neutral-text-default"]
    return found


def block(selector: str, scheme: str, indent: str = "") -> str:
    lines = [f"{indent}{selector} {{", f"{indent}  color-scheme: {scheme};"]
    lines += [f"{indent}  --ds-color-{name}: {value};" for name, value in tokens(scheme).items()]
    lines.append(f"{indent}  --ds-link-color-visited: var(--ds-color-accent-text-subtle);")
    lines.append(f"{indent}}}")
    return "\n".join(lines)


STEPS = [*LIGHT, "base-default", "base-hover", "base-active", "base-contrast-subtle", "base-contrast-default"]


def theme() -> str:
    sizes = [*range(16), 18, 22, 26, 30]
    factor = {1: 0.75, 2: 0.875, 3: 1, 4: 1.125, 5: 1.3125, 6: 1.5, 7: 1.875, 8: 2.25, 9: 3, 10: 3.75}
    headings = {"2xl": 10, "xl": 9, "lg": 8, "md": 7, "sm": 6, "xs": 5, "2xs": 4}
    bodies = {"xl": 6, "lg": 5, "md": 4, "sm": 3, "xs": 2}
    out = [
        "/* Built by tools/stylesheet.py --theme from its palette: do not edit. */",
        "@layer ds.theme, ds.base, ds.components, tb;",
        "@layer ds.theme {",
    ]
    out.append(
        ":root { --ds-size-mode-font-size--sm: .9375; --ds-size-mode-font-size--md: 1.125; --ds-size-mode-font-size--lg: 1.5;\n"
        '  --ds-font-family: -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei UI", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", sans-serif;\n'
        "  --ds-font-weight-regular: 400; --ds-font-weight-medium: 500; --ds-font-weight-semibold: 600;\n"
        "  --ds-line-height-sm: 1.3; --ds-line-height-md: 1.6; --ds-line-height-lg: 1.75;\n"
        + "".join(
            f"  --ds-heading-{n}-font-weight: 600; --ds-heading-{n}-line-height: 1.3; --ds-heading-{n}-letter-spacing: -.005em;\n"
            for n in headings
        )
        + "".join(
            f"  --ds-body-{n}-font-weight: 400; --ds-body-{n}-line-height: 1.6; --ds-body-{n}-letter-spacing: 0;\n"
            for n in bodies
        )
        + "  --ds-border-radius-sm: .375rem; --ds-border-radius-md: .625rem; --ds-border-radius-default: .625rem; --ds-border-radius-lg: 1rem; --ds-border-radius-xl: 1.5rem;\n"
        "  --ds-border-radius-full: 624.9375rem; --ds-border-width-default: 1px; --ds-border-width-focus: 3px; --ds-opacity-disabled: 45%;\n"
        "  --ds-shadow-xs: 0 1px 2px rgb(60 45 20 / .06); --ds-shadow-sm: 0 1px 2px rgb(60 45 20 / .05), 0 2px 8px rgb(60 45 20 / .05);\n"
        "  --ds-shadow-md: 0 1px 2px rgb(60 45 20 / .05), 0 6px 20px rgb(60 45 20 / .08); --ds-shadow-lg: 0 2px 4px rgb(60 45 20 / .05), 0 12px 36px rgb(60 45 20 / .12);\n"
        "  --ds-shadow-xl: 0 4px 8px rgb(60 45 20 / .08), 0 24px 60px rgb(60 45 20 / .2); }"
    )
    out.append(
        ":root, [data-size] { --ds-size: var(--ds-size--md); --ds-size--sm: var(--ds-size,); --ds-size--md: var(--ds-size,); --ds-size--lg: var(--ds-size,);\n"
        "  --ds-size-mode-font-size: var(--ds-size--sm, var(--ds-size-mode-font-size--sm)) var(--ds-size--md, var(--ds-size-mode-font-size--md)) var(--ds-size--lg, var(--ds-size-mode-font-size--lg));\n"
        "  --_f: calc(var(--ds-size-mode-font-size) / 1.125);\n"
        "  --ds-size-unit: calc(1rem * 4 / 18 * var(--ds-size-mode-font-size));\n"
        + "".join(f"  --ds-size-{n}: calc(var(--ds-size-unit) * {n});\n" for n in sizes)
        + "".join(f"  --ds-font-size-{n}: calc({value}rem * var(--_f));\n" for n, value in factor.items())
        + "".join(f"  --ds-heading-{n}-font-size: var(--ds-font-size-{step});\n" for n, step in headings.items())
        + "".join(f"  --ds-body-{n}-font-size: var(--ds-font-size-{step});\n" for n, step in bodies.items())
        + "}\n[data-size=sm] { --ds-size: var(--ds-size--sm); }\n[data-size=md] { --ds-size: var(--ds-size--md); }\n[data-size=lg] { --ds-size: var(--ds-size--lg); }"
    )
    out.append(block(":root, [data-color-scheme=light]", "light"))
    out.append(block("[data-color-scheme=dark]", "dark"))
    out.append("@media (prefers-color-scheme: dark) {\n" + block("[data-color-scheme=auto]", "dark") + "\n}")
    for name in COLOURS:
        selector = (
            ":root, [data-color-scheme], [data-color=accent]"
            if name == "accent"
            else f"[data-color-scheme][data-color={name}], [data-color={name}]"
        )
        out.append(
            selector
            + " {\n"
            + "".join(f"  --ds-color-{step}: var(--ds-color-{name}-{step});\n" for step in STEPS)
            + "}"
        )
    out.append("}")
    return "\n".join(out) + "\n"


def smaller(css: str) -> str:
    css = re.sub(r"/\*(?!!).*?\*/", "", css, flags=re.S)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r"\s*([{};,])\s*", r"\1", css)
    css = re.sub(r"(?<=[a-z-]): (?=[^;{}]*[;}])", ":", css)
    return css.replace(";}", "}").strip()


def build(package: Path = PACKAGE) -> str:
    parts = [(package / "dist/src" / f"{part}.css").read_text(encoding="utf-8") for part in PARTS.split()]
    parts = ["@layer ds.base {", parts[0], "} @layer ds.components {", *parts[1:], "}"]
    ours = [(STYLES / f"{source}.css").read_text(encoding="utf-8") for source in SOURCES]
    wrapped = "\n".join(ours[:1] + ["@layer tb {", *ours[1:], "}"])
    layers = "@layer ds.theme,ds.base,ds.components,tb;"
    norwegian = re.compile(r"[^{}]*:lang\(n[bno]\)[^{}]*\{[^{}]*\}")
    return NOTICE + layers + norwegian.sub("", smaller("\n".join(parts))) + smaller(wrapped) + "\n"


def main() -> None:
    (STYLES / "theme.css").write_text(theme(), encoding="utf-8")
    if sys.argv[1:] == ["--theme"]:
        return
    package = Path(sys.argv[1]) if sys.argv[1:] else PACKAGE
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(build(package), encoding="utf-8")


if __name__ == "__main__":
    main()
