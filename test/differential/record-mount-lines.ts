/**
 * Asks the real kernel what it says to every mount line, and prints the answers as JSON: what `mount-lines.json` is to
 * hold. Needs root.
 */
import { inLinux } from './jail.ts';
import { answerTo, situations } from './mount-lines.ts';

const answers: Record<string, Record<string, string>> = {};
for (const [name, situation] of Object.entries(situations)) {
  answers[name] = {};
  for (const line of situation.lines) {
    inLinux((task) => {
      answers[name]![line] = answerTo(task, situation, line);
    });
  }
}
process.stdout.write(`${JSON.stringify(answers, undefined, 2)}\n`);
const lines = Object.values(answers).flatMap((answer) => Object.values(answer));
const refused = lines.filter((answer) => /^E[A-Z]+$/.test(answer)).length;
process.stderr.write(`${lines.length} lines, ${refused} of them refused\n`);
