import { Pool } from 'undici';
import { firstText, type EchoClient, type ToolResult } from '../client.ts';

/** No protocol, only what every client must do: send JSON, read JSON or one event. */
export async function openUndici(url: string): Promise<EchoClient> {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin);
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-session-id': 'none',
  };
  let id = 0;
  return {
    call: async (text) => {
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id: id++,
        method: 'tools/call',
        params: { name: 'echo', arguments: { text } },
      });
      const response = await pool.request({ method: 'POST', path: pathname, headers, body });
      const answer = await response.body.text();
      const json = answer.startsWith('event:') ? answer.slice(answer.indexOf('data:') + 5) : answer;
      return firstText((JSON.parse(json) as { result: ToolResult }).result);
    },
    close: () => pool.close(),
  };
}
