import { expect, it } from "vitest";
import { jsonSchema } from "./schema.ts";

it("the JSON Schema for editors describes our sections, and lets foreign plugins be", () => {
  const text = JSON.stringify(jsonSchema());
  for (const key of ["console_verbosity", "password_file", "poll_interval", "filterItem", "manage"])
    expect(text).toContain(`"${key}"`);
  expect(jsonSchema()).toMatchObject({
    title: "threatbus-misp",
    type: "object",
    properties: {
      plugins: {
        properties: {
          apps: { properties: { misp: { properties: { zmq: { properties: { port: { maximum: 65_535 } } } } } } },
        },
      },
    },
    $defs: { filterItem: { additionalProperties: false } },
  });
});
