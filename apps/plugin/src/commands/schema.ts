import { defineCommand } from "citty";
import { jsonSchema } from "../config/schema.ts";

export const schemaCommand = defineCommand({
  meta: { name: "schema", description: "Print a JSON Schema of the configuration, for editors" },
  run(): number {
    process.stdout.write(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
    return 0;
  },
});
