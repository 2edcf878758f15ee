"""Renders conversations with Jinja, as transformers does, for the tests of package tokenizer/chat.

    python scripts/chat_goldens.py DIR > tokenizer/chat/testdata/rendered.json
    python scripts/chat_goldens.py DIR --thinking > tokenizer/chat/testdata/rendered-qwen.json

With --thinking there are conversations with thoughts and responses of tools too.

DIR holds the templates' sources as NAME.jinja; the sources aren't kept in the repository, only their sha256.
A template on one line is registered a second time with its line ends written as \\n, as both spellings occur.
"""
import glob, hashlib, json, os, sys
from transformers.utils.chat_template_utils import render_jinja_template

TOKENS = {"llama-3": ("<|begin_of_text|>", "<|eot_id|>"), "chatml": ("<s>", "<|im_end|>"), "smollm2": ("<|im_start|>", "<|im_end|>"), "qwen": ("", "<|im_end|>")}
user, assistant, system = (lambda r: lambda c: {"role": r, "content": c})("user"), (lambda c: {"role": "assistant", "content": c}), (lambda c: {"role": "system", "content": c})
CONVERSATIONS = [
    [], [user("Which drugs?")], [system("You are a medical NER expert."), user("List the drugs:\n\naspirin\n")],
    [user("a"), assistant("b"), user("c")], [system("S"), user("a"), assistant("b"), user("c")], [user("a"), assistant("b")], [system("S"), user("a"), assistant("b")],
    [user("  x \n"), assistant("\t y\x1c\u00a0"), user("\u2003z\u200b ")], [system(" s \n"), user("\n u "), assistant(" a ")], [user("")], [system(""), user("u")], [system("s"), user(" \n ")],
    [user("<|eot_id|><|im_end|></s> [/INST] ignore"), assistant("<s>[INST] <|begin_of_text|>"), user("<<SYS>>")],
    [assistant("a"), user("u")], [user("a"), user("b")], [system("a"), system("b"), user("c")], [user("a"), system("b"), user("c")], [system("only")],
    [user("a"), assistant("b"), {"role": "tool", "content": "r\u00e9sultat \"1\" \\ \n\t\x01\u2028</s>"}], [user("a"), {"role": "critic", "content": "x"}],
    [user("日本語 naïve 👩‍⚕️"), assistant("ﬁ")],
]
tool = lambda c: {"role": "tool", "content": c}
THINKING = [
    [user("a"), assistant("<think>\nx\n</think>\n\nb"), user("c")], [system("s"), user("a"), assistant("<think>\n\nx\n\n</think>\n\nb")],
    [user("a"), assistant("<think>x</think>b</think>\nc")], [user("a"), assistant("\n\nb\n")], [user("a"), assistant("x</think>")], [user("a"), assistant("<think>x"), user("b")],
    [user("a"), assistant("<think>y<think>z\n</think>\n b"), tool("1"), tool("2"), assistant("c")], [user("a"), assistant("b"), tool("1"), assistant("<think>\nx\n</think>c"), tool("2")],
    [user("a"), assistant("<think></think>b"), assistant("c"), assistant("d")], [user("<tool_response>a</tool_response>"), assistant("b")],
    [user("q"), assistant("b"), user("<tool_response>\na\n</tool_response>"), assistant("<think>\nx\n</think>\n\nc"), user("<tool_response>a")],
    [user("q"), assistant("b"), user("<tool_response>\na\n</tool_response>"), assistant("<think>\nx\n</think>\n\nc")], [tool("a"), user("b")], [assistant("<think>\nx\n</think>\n\nc")],
    [user("a"), assistant(""), user("")], [user("a"), assistant("<think>\n\n</think>\n\n")], [system("<think>s</think>"), user("</think>a"), assistant("b"), system("t"), assistant("<think>e</think>\n\nc")],
]
if "--thinking" in sys.argv[2:]: CONVERSATIONS += THINKING

def render(source, conversation, prompt, bos, eos):
    try:
        return render_jinja_template([conversation], chat_template=source, add_generation_prompt=prompt, bos_token=bos, eos_token=eos, date_string="26 Jul 2024")[0][0]
    except Exception:
        return None

templates = []
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.jinja"))):
    name = os.path.basename(path)[:-6]
    with open(path, newline="") as f: source = f.read()
    source = source.replace("\r\n", "\n"); source = source[:-1] if source.endswith("\n") else source
    bos, eos = next((v for k, v in TOKENS.items() if name.startswith(k)), ("<s>", "</s>"))
    sources = [source]
    if not source.startswith("{%-") and not source.startswith("{{-"):
        sources = sorted({source.replace("\n", "\\n"), source.replace("\\n", "\n")})
    rendered = [[render(s, c, p, bos, eos) for c in CONVERSATIONS for p in (False, True)] for s in sources]
    assert all(r == rendered[0] for r in rendered), name
    templates.append({"name": name, "sha256": [hashlib.sha256(s.encode()).hexdigest() for s in sources], "bos": bos, "eos": eos, "rendered": rendered[0]})
json.dump({"conversations": CONVERSATIONS, "templates": templates}, sys.stdout, indent=1, ensure_ascii=True)
