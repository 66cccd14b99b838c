import { existsSync, readdirSync, readFileSync } from "node:fs";

// Before anything is installed, so with nothing but Node. HERE is the repository that the release runs in.
const problems = [];

const waiting = readdirSync(".changeset").filter((name) => name.endsWith(".md") && name !== "README.md");
if (waiting.length > 0)
  problems.push(`${waiting.join(", ")} still wait; run: pnpm changeset version, and merge what it changes first`);

for (const folder of [
  "",
  ...["packages", "apps"].flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}/`)),
]) {
  if (!existsSync(`${folder}package.json`)) continue;
  const { private: isPrivate, repository } = JSON.parse(readFileSync(`${folder}package.json`, "utf8"));
  if (isPrivate && folder !== "") continue;
  // The registry refuses the statement of provenance when the two differ.
  if (repository?.url !== process.env["HERE"])
    problems.push(
      `${folder}package.json names ${repository?.url} as its repository, and this is ${process.env["HERE"]}`,
    );
}

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
