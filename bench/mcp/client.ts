/** Something that calls the tool `echo` of an MCP server over one connection that it keeps. */
export interface EchoClient {
  /** Resolves with the text that came back. */
  call(text: string): Promise<string>;
  close(): Promise<void>;
}

/** Connects to the server at `url`. */
export type OpenClient = (url: string) => Promise<EchoClient>;

/** The part of a tool's result that is checked. */
export interface ToolResult {
  readonly content?: unknown;
}

/** The text of a result whose first block is a text, as the upstream answers. */
export function firstText({ content }: ToolResult): string {
  const [block] = content as readonly { readonly text?: string }[];
  return block?.text ?? '';
}
