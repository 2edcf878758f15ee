"""LangChain's ChatOpenAI against medner."""
import asyncio

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI, OpenAI

ASK = [SystemMessage("Be brief."), HumanMessage("Which drugs cause tremor?")]


def show(what, value):
    print(f">>> {what}\n{value}\n")


llm = ChatOpenAI(model="plain", temperature=0, max_tokens=8)
got = llm.invoke(ASK)
show("ChatOpenAI.invoke", (got.content, got.usage_metadata["total_tokens"], got.response_metadata["finish_reason"]))
parts = [p.content for p in llm.stream(ASK)]
show("ChatOpenAI.stream", parts)
assert "".join(parts) == got.content
show("ChatOpenAI.batch", [m.content for m in llm.batch([ASK, "Lithium?"])])
show("await ChatOpenAI.ainvoke", asyncio.run(llm.ainvoke(ASK)).content)
show("with stop", llm.invoke(ASK, stop=[got.content[4:6]]).content)
chain = ChatPromptTemplate([("system", "Be brief."), ("human", "Which drugs cause {effect}?")]) | llm | StrOutputParser()
show("a chain", chain.invoke({"effect": "tremor"}))
logs = llm.bind(logprobs=True, top_logprobs=1).invoke(ASK).response_metadata["logprobs"]["content"]
show("logprobs", [(e["token"], round(e["logprob"], 4), len(e["top_logprobs"])) for e in logs[:3]])
show("OpenAI.invoke (a text)", OpenAI(model="plain", temperature=0, max_tokens=5).invoke("Lithium"))
try:
    llm.bind_tools([{"type": "function", "function": {"name": "f", "description": "", "parameters": {"type": "object", "properties": {}}}}]).invoke(ASK)
except Exception as e:
    show("bind_tools", f"{type(e).__name__}: {e}")
