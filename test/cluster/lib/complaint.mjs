/** An error whose message is all that a person needs: what is wrong and what to do. */
export class Complaint extends Error {}

/** Run a command line's work. A complaint becomes one line and exit code 1. */
export async function asCommand(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Complaint)) {
      throw error;
    }
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** Call `look` until it returns something true. A look that throws counts as not yet; its message and `explain` go into the complaint. */
export async function until(what, look, seconds, explain = () => '') {
  const deadline = Date.now() + seconds * 1000;
  let last = '';
  for (;;) {
    try {
      const found = await look();
      if (found) {
        return found;
      }
    } catch (error) {
      if (error instanceof Complaint) {
        throw error;
      }
      last = ` Last answer: ${error.message.split('\n')[0].slice(0, 200)}.`;
    }
    if (Date.now() > deadline) {
      throw new Complaint(`Waited ${seconds} s in vain: ${what}.${last} ${explain()}`.trim());
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}
