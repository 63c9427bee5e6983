export interface ServerSentEvent { readonly id?: string; readonly event: string; readonly data: string }

/** Reads a response as Server-Sent Events; comments are only `heard`. Source: HTML standard, 9.2 "Server-sent events". */
export async function* serverSentEvents(response: Response, heard: () => void): AsyncGenerator<ServerSentEvent> {
  if (!response.body) return;
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    heard();
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const read = eventIn(block);
      if (read) yield read;
    }
  }
}

function eventIn(block: string): ServerSentEvent | undefined {
  const lines = block.split(/\r?\n/).flatMap((line) => {
    const [, name, value = ''] = /^([a-z]+):? ?(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value] as const];
  });
  const last = (name: string): string | undefined => lines.findLast(([each]) => each === name)?.[1];
  const data = lines.filter(([name]) => name === 'data').map(([, value]) => value);
  if (data.length === 0) return undefined;
  const id = last('id');
  return { event: last('event') ?? 'message', data: data.join('\n'), ...(id === undefined ? {} : { id }) };
}
