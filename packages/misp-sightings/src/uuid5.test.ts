import { expect, it } from "vitest";
import { uuid5 } from "./uuid5.ts";

it.each([
  // Python's uuid.uuid5(uuid.NAMESPACE_DNS, "python.org"), from the documentation of its uuid module.
  ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "python.org", "886313e1-3b8a-5372-9b90-0c9aee199e5d"],
  ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2"],
])("is what others compute: %s, %s", (namespace, name, uuid) => {
  expect(uuid5(namespace, name)).toBe(uuid);
});
