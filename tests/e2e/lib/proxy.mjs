/*
 * proxy.mjs - a road that can be cut, and one that forks at random
 *
 * Bytes go from a listening address to one of several targets, chosen anew for
 * each connection.  Addresses are a port on 127.0.0.1 or the path of a Unix socket.
 *
 * SPDX-License-Identifier: ISC
 */
import net from "node:net";

const address = (to) => (typeof to === "number" ? { port: to, host: "127.0.0.1" } : { path: to });

/*
 * {port, taken (how often each target was), cut(), mend(), close()}.  While cut,
 * all connections are reset and new ones are, too.
 */
export async function startProxy(targets, { listen = 0, choose = () => 0 } = {}) {
  const open = new Set(), taken = targets.map(() => 0);
  let whole = true;
  const server = net.createServer({ allowHalfOpen: true }, (here) => {
    if (!whole)
      return here.resetAndDestroy ? here.resetAndDestroy() : here.destroy();
    const which = choose(targets.length);
    taken[which]++;
    const there = net.connect({ ...address(targets[which]), allowHalfOpen: true });
    join(here, there);
  });

  function join(here, there) {
    for (const [one, other] of [[here, there], [there, here]]) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", (failed) => {
        open.delete(one);
        if (failed)
          other.destroy();
        else
          other.destroySoon();          /* what came before the end still arrives */
      });
      one.pipe(other);
    }
  }

  await new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(address(listen), resolve);
  });
  return {
    port: server.address().port, taken,
    cut() {
      whole = false;
      for (const socket of open)
        socket.destroy();
    },
    mend() {
      whole = true;
    },
    close() {
      this.cut();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
