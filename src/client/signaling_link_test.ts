import { assertEquals } from "@std/assert";
import { SignalingLink } from "../signaling/signaling_link.ts";
import { FakeSocket, ManualScheduler } from "./testing_fakes.ts";

/** A link in virtual time, and what it says. */
function newLink() {
  const scheduler = new ManualScheduler();
  const sockets: FakeSocket[] = [];
  const said: string[] = [];
  const link = new SignalingLink({
    url: "ws://test/",
    scheduler,
    random: () => 0.5,
    createSocket: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
    onOpen: () => said.push("open"),
    onText: () => {},
    onDown: (code) => said.push(`down ${code}`) > 0,
    onRetry: ({ retryInMs }) => said.push(`retry in ${retryInMs}`),
  });
  return { link, scheduler, sockets, said };
}

Deno.test("SignalingLink begins over a socket that is open already, and comes back over one of its own", async () => {
  const { link, scheduler, sockets, said } = newLink();
  const present = new FakeSocket("ws://test/");
  present.readyState = 1;
  link.open(present);
  assertEquals([said, sockets.length], [["open"], 0]);
  assertEquals(link.send({ type: "leave", participant: "a", room_id: "b" }), true);
  assertEquals(present.of("leave").length, 1);
  link.markJoined(true);
  await present.lose();
  await scheduler.advance(250);
  sockets[0]!.open();
  assertEquals(said, ["open", "down 1006", "retry in 250", "open"]);
});

Deno.test("SignalingLink opens another socket when the one it is given has closed meanwhile", () => {
  const { link, sockets, said } = newLink();
  const present = new FakeSocket("ws://test/");
  present.readyState = 3;
  link.open(present);
  assertEquals([said, sockets.length], [[], 1]);
});

Deno.test("SignalingLink takes the 0 that Deno reports of a line that broke for what it is", async () => {
  const { link, sockets, said } = newLink();
  link.open();
  sockets[0]!.open();
  link.markJoined(true);
  await sockets[0]!.lose(0);
  assertEquals(said, ["open", "down 1006", "retry in 250"]);
});
