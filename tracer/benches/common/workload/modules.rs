//! A made-up application in TypeScript, the same each time: what esbuild is
//! given to bundle.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Classes in each module.
const CLASSES: u64 = 3;

/// Modules that each imports from.
const IMPORTS: u64 = 3;

/// Writes modules 0 to `count`.
pub fn write(folder: &Path, count: u64) -> Result<()> {
    for index in 0..count {
        fs::write(folder.join(file(index)), module(index))?;
    }
    Ok(())
}

/// Writes the file that takes in the first `count` of them, and returns its path.
pub fn write_entry(folder: &Path, count: u64) -> Result<PathBuf> {
    let mut text = String::new();
    for index in 0..count {
        let _ = writeln!(text, "import {{ total{index} }} from './module{index}';");
    }
    text += "let sum = 0;\n";
    for index in 0..count {
        let _ = writeln!(text, "sum += total{index}([{index}, sum]);");
    }
    text += "console.log(sum);\n";
    let entry = folder.join("entry.ts");
    fs::write(&entry, text)?;
    Ok(entry)
}

fn file(index: u64) -> String {
    format!("module{index}.ts")
}

/// One module: imports of earlier ones, classes with members that esbuild has to
/// lower, and a function that uses them all.
fn module(index: u64) -> String {
    let mut text = String::new();
    let imported: Vec<u64> = (1..=IMPORTS)
        .filter_map(|step| index.checked_sub(step * step))
        .collect();
    for from in &imported {
        let _ = writeln!(
            text,
            "import {{ total{from} as from{from} }} from './module{from}';"
        );
    }
    for class in 0..CLASSES {
        text += &class_of(index, class);
    }
    let _ = writeln!(
        text,
        "export function total{index}(values: number[]): number {{"
    );
    text += "  let sum = values.reduce((left, right) => left + right, 0);\n";
    for class in 0..CLASSES {
        let _ = writeln!(
            text,
            "  sum += new Order{index}_{class}('{class}').add('tea', sum, {{ cents: {index} }}).total();"
        );
    }
    for from in &imported {
        let _ = writeln!(text, "  if (sum > {index}000) sum += from{from}([sum]);");
    }
    text += "  return sum;\n}\n";
    text
}

fn class_of(index: u64, class: u64) -> String {
    format!(
        r"
interface Line{class} {{
  readonly product: string;
  count: number;
  price?: {{ cents: number; currency?: string }};
}}

export class Order{index}_{class} {{
  static created = {index};
  #lines: Line{class}[] = [];
  private notes: Record<string, string> = {{ module: 'module {index}', 'class': '{class}' }};

  constructor(public readonly customer: string, protected discount = {class} / 100) {{
    Order{index}_{class}.created += 1;
  }}

  add(product: string, count = 1, price?: Line{class}['price']): this {{
    const known = this.#lines.find((line) => line.product === product);
    if (known?.price?.cents === price?.cents && known) {{
      known.count += count;
    }} else {{
      this.#lines.push({{ product, count, price: {{ currency: 'EUR', cents: 0, ...price }} }});
    }}
    this.notes[`${{product}}-${{count}}`] ??= `added by ${{this.customer}}`;
    return this;
  }}

  total(): number {{
    let cents = 0;
    for (const {{ count, price }} of this.#lines) {{
      const {{ cents: each = {index}, currency = 'EUR', ...rest }} = price ?? {{}};
      if (currency !== 'EUR' || Object.keys(rest).length > 0) continue;
      cents += count * each;
    }}
    return Math.round(cents * (1 - this.discount)) + (cents ** 2 % 1{class});
  }}

  async describe(fetchName: (id: string) => Promise<string | undefined>): Promise<string> {{
    const name = (await fetchName(this.customer)) ?? `customer ${{this.customer}}`;
    const lines = this.#lines.map((line, position) => `${{position + 1}}. ${{line.product}} x ${{line.count}}`);
    switch (lines.length) {{
      case 0:
        return `${{name}} has ordered nothing in module {index}`;
      case 1:
        return `${{name}}: ${{lines[0]}}`;
      default:
        return [name, ...lines, JSON.stringify(this.notes)].join('\n');
    }}
  }}
}}
"
    )
}
