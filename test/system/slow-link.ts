import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A line between two regions that is slow, can be cut, and counts what it carries towards who asked. */
export interface SlowLink {
  readonly port: number;
  carriedBytes(): number;
  /** Breaks every connection there is, and tells how many; new ones can be made. */
  cut(): number;
  close(): Promise<void>;
}

/** Begins to pass connections on to `port` of loopback, at most `bytesPerSecond` towards who asked. */
export async function startSlowLink(port: () => number, bytesPerSecond: number): Promise<SlowLink> {
  const sockets = new Set<Socket>();
  let carriedBytes = 0;
  const server = createServer((near) => {
    const far = connect(port(), '127.0.0.1');
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', () => undefined).once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    void carry(far, near);
  });

  async function carry(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        await new Promise<void>((resolve, reject) => { to.write(chunk, (error) => { if (error) reject(error); else resolve(); }); });
        carriedBytes += chunk.byteLength;
        await pause((chunk.byteLength / bytesPerSecond) * 1000);
      }
      to.end();
    } catch {
      to.destroy();
    }
  }

  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const cut = (): number => {
    const open = sockets.size;
    for (const socket of sockets) socket.resetAndDestroy();
    return open;
  };
  return {
    port: (server.address() as AddressInfo).port, carriedBytes: () => carriedBytes, cut,
    close: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      cut();
    }),
  };
}
