"""LlamaIndex's OpenAILike against medner."""
import asyncio
import os

from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

ASK = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="Which drugs cause tremor?")]


def show(what, value):
    print(f">>> {what}\n{value}\n")


settings = dict(model="plain", api_base=os.environ["OPENAI_BASE_URL"], api_key="none", temperature=0, max_tokens=8, context_window=4096)
chat = OpenAILike(is_chat_model=True, **settings)
got = chat.chat(ASK).message.content
show("OpenAILike.chat", got)
parts = [p.delta for p in chat.stream_chat(ASK)]
show("OpenAILike.stream_chat", parts)
assert "".join(p or "" for p in parts) == got
show("await OpenAILike.achat", asyncio.run(chat.achat(ASK)).message.content)
text = OpenAILike(is_chat_model=False, **settings)
show("OpenAILike.complete (a text)", text.complete("Lithium").text)
show("OpenAILike.stream_complete (a text)", "".join(p.delta or "" for p in text.stream_complete("Lithium")))
