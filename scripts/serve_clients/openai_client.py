"""The package openai against medner: sync, async, streaming, errors."""
import asyncio

import openai

client = openai.OpenAI()
ASK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which drugs cause tremor?"}]


def show(what, value):
    print(f">>> {what}\n{value}\n")


show("models.list()", [m.id for m in client.models.list()])
show("models.retrieve('plain').id", client.models.retrieve("plain").id)

got = client.chat.completions.create(model="plain", messages=ASK, temperature=0, max_completion_tokens=8)
show("chat.completions.create(temperature=0)", (got.choices[0].message, got.choices[0].finish_reason, got.usage))

got = client.chat.completions.create(model="plain", messages=ASK, seed=1, n=3, max_tokens=6)
show("… seed=1, n=3", [c.message.content for c in got.choices])
again = client.chat.completions.create(model="plain", messages=ASK, seed=1, n=3, max_tokens=6)
assert [c.message.content for c in again.choices] == [c.message.content for c in got.choices]

parts = [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}, {"role": "user", "content": [{"type": "text", "text": "Which drugs cause tremor?"}]}]
same = client.chat.completions.create(model="plain", messages=parts, temperature=0, max_tokens=8)
show("… content as parts, role developer", same.choices[0].message.content)

got = client.chat.completions.create(model="rslora", messages=ASK, temperature=0, max_tokens=3, logprobs=True, top_logprobs=2)
show("… logprobs=True, top_logprobs=2", got.choices[0].logprobs.content)

whole = client.chat.completions.create(model="base", messages=ASK, seed=5, max_tokens=12)
stream = client.chat.completions.create(model="base", messages=ASK, seed=5, max_tokens=12, stream=True, stream_options={"include_usage": True})
text, reasons, usage = "", [], None
for chunk in stream:
    for choice in chunk.choices:
        text += choice.delta.content or ""
        reasons.append(choice.finish_reason)
    usage = chunk.usage or usage
show("… stream=True, include_usage", (text, reasons[-1], usage.total_tokens))
assert text == whole.choices[0].message.content and usage.total_tokens == whole.usage.total_tokens

with client.chat.completions.stream(model="base", messages=ASK, seed=5, max_tokens=12) as events:
    try:
        final = events.get_final_completion()
    except openai.LengthFinishReasonError as e:  # as the package says where max_tokens ended the answer
        final = e.completion
show("chat.completions.stream(): the final message", final.choices[0].message.content)
assert final.choices[0].message.content == text

cut = client.chat.completions.create(model="plain", messages=ASK, temperature=0, max_tokens=8, stop=["sca"])
show("… stop=['sca'], which no token has whole", (cut.choices[0].message.content, cut.choices[0].finish_reason))

got = client.completions.create(model="plain", prompt="Lithium", temperature=0, max_tokens=0, echo=True, logprobs=1)
show("completions.create(echo=True, logprobs=1, max_tokens=0)", (got.choices[0].text, got.choices[0].logprobs))
got = client.completions.create(model="plain", prompt=["Lithium", "Tremor"], temperature=0, max_tokens=4, n=2)
show("completions.create(prompt=[…, …], n=2)", [(c.index, c.text) for c in got.choices])
text = "".join(c.choices[0].text for c in client.completions.create(model="plain", prompt="Lithium", temperature=0, max_tokens=6, stream=True))
show("completions.create(stream=True)", text)


async def concurrently():
    async with openai.AsyncOpenAI() as c:
        async def one(seed):
            if seed % 2:
                got = await c.chat.completions.create(model="plain", messages=ASK, seed=seed, max_tokens=6)
                return got.choices[0].message.content
            parts = await c.chat.completions.create(model="plain", messages=ASK, seed=seed, max_tokens=6, stream=True)
            return "".join([p.choices[0].delta.content or "" async for p in parts])

        return await asyncio.gather(*[one(seed) for seed in range(6)])


show("AsyncOpenAI, six at once", asyncio.run(concurrently()))


def refused(what, call):
    try:
        call()
    except openai.APIError as e:
        show(what, f"{type(e).__name__}: {e.body and (e.body.get('code'), e.body.get('param'))}\n{e.message}")
    else:
        raise AssertionError(what)


refused("model='gpt-4'", lambda: client.chat.completions.create(model="gpt-4", messages=ASK))
refused("tools=[…]", lambda: client.chat.completions.create(model="plain", messages=ASK, tools=[{"type": "function", "function": {"name": "f"}}]))
refused("response_format=json_object", lambda: client.chat.completions.create(model="plain", messages=ASK, response_format={"type": "json_object"}))
refused("a prompt that is too long", lambda: client.chat.completions.create(model="plain", messages=[{"role": "user", "content": "tremor " * 5000}], max_tokens=9))
refused("embeddings.create()", lambda: client.embeddings.create(model="plain", input="x"))
