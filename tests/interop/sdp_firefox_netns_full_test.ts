/** Firefox takes our answers. */
import { launchFirefox } from "./browser.ts";
import { checkPoolClient, openPage } from "./sdp_page.ts";

Deno.test("Firefox accepts our answer to its offer, to a screen share and to its end", async () => {
  const browser = await launchFirefox();
  try {
    await checkPoolClient(await openPage(browser));
  } finally {
    await browser.close();
  }
});
