import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Duplex } from 'node:stream';
import { deflateRawSync } from 'node:zlib';
import { certificate } from './certificate.ts';
import { listen, type Upstream } from './upstream.ts';

const handshakeId = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** An unmasked frame of RFC 6455, section 5.2. `first`: its first byte. */
const frame = (first: number, payload: Buffer): Buffer => {
  const { length } = payload;
  const head = length < 126 ? Buffer.from([first, length]) : Buffer.from([first, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (length >= 126) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
};

export const textFrame = (text: string): Buffer => frame(0x81, Buffer.from(text));

/** A compressed one (RFC 7692). */
export const packedFrame = (text: string): Buffer => frame(0xc1, deflateRawSync(text));

export interface WebSocketUpstream extends Upstream {
  readonly handshakes: readonly IncomingMessage[];
}

export interface WebSocketUpstreamOptions {
  /** Offers HTTP/2 too, which is no way for an upgrade. */
  readonly tls?: boolean;
  readonly packs?: boolean;
  /** Default: says `hello` and echoes short texts. */
  readonly talk?: (socket: Duplex) => void;
}

const echo = (socket: Duplex): void => {
  socket.write(textFrame('hello'));
  socket.on('data', (data: Buffer) => {
    if (data[0] !== 0x81) return void socket.end(frame(0x88, Buffer.from([0x03, 0xe8])));
    const length = (data[1] ?? 0) & 0x7f;
    const mask = data.subarray(2, 6);
    return void socket.write(
      textFrame(
        Buffer.from(data.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0))).toString(),
      ),
    );
  });
};

/** Speaks as much of RFC 6455 as these tests need. */
export const serveWebSockets = async (options: WebSocketUpstreamOptions = {}): Promise<WebSocketUpstream> => {
  const { tls = false, packs = false, talk = echo } = options;
  const handshakes: IncomingMessage[] = [];
  const server = tls ? createSecureServer({ ...certificate, allowHTTP1: true }) : createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    handshakes.push(request);
    socket.on('error', () => undefined);
    // An upgraded socket stays half open otherwise.
    socket.on('end', () => socket.end()).resume();
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${handshakeId}`).digest('base64');
    const protocol = request.headers['sec-websocket-protocol'];
    socket.write(
      [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${accept}`,
        ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
        ...(packs ? ['Sec-WebSocket-Extensions: permessage-deflate'] : []),
        '\r\n',
      ].join('\r\n'),
    );
    talk(socket);
  });
  const upstream = await listen(server, tls ? 'https' : 'http');
  return { ...upstream, handshakes };
};
