"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const NINES = [0, 0.5, 0.9, 0.99, 0.999, 0.9999];
const NINES_MAX = 4.3; // whoever missed nothing stands here: all is more than any number of nines

const nines = (share) => Math.min(NINES_MAX, -Math.log10(Math.max(1e-12, 1 - Math.min(share, 1))));
const percent = (share) => `${(100 * share).toFixed(share > 0.99 ? 2 : 1)} %`;
const narrow = () => window.innerWidth < 640;
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const settings = { responsive: true, displayModeBar: false };

function base() {
  return {
    paper_bgcolor: color("card"),
    plot_bgcolor: color("card"),
    font: { family: "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", size: narrow() ? 11 : 12, color: color("soft") },
    hoverlabel: { bgcolor: color("card"), bordercolor: color("line"), font: { color: color("ink") }, align: "left" },
    showlegend: false,
  };
}

function axis(more) {
  return {
    gridcolor: color("line"), linecolor: color("line"), zeroline: false, fixedrange: true, automargin: true, ...more,
  };
}

function drawPareto() {
  const points = [...data.points].sort((one, other) => Number(one.ours) - Number(other.ours)); // ours on top
  const ours = (point) => (point.ours ? color("ours") : color("theirs"));
  const front = points.filter((point) => point.front).sort((one, other) => one.gpuHours[0] - other.gpuHours[0]);
  const marks = {
    x: points.map((point) => point.gpuHours[0]),
    y: points.map((point) => nines(point.attained[0])),
    error_x: spread(points, (point) => point.gpuHours),
    error_y: spread(points, (point) => point.attained.map(nines)),
    text: points.map((point) => String(point.number)),
    hovertext: points.map(
      (point) => `<b>${point.label}</b><br>${percent(point.attained[0])} within SLO<br>`
        + `${point.gpuHours[0].toLocaleString("en")} GPU-hours`,
    ),
    hoverinfo: "text",
    mode: "markers+text",
    textfont: { color: color("card"), size: narrow() ? 10 : 11 },
    marker: {
      size: narrow() ? 17 : 21, opacity: 1, color: points.map(ours),
      symbol: points.map((point) => (point.deployable ? "circle" : "diamond")),
      line: { width: 1.5, color: color("card") },
    },
  };
  const line = {
    x: front.map((point) => point.gpuHours[0]),
    y: front.map((point) => nines(point.attained[0])),
    mode: "lines", hoverinfo: "skip", line: { color: color("ours"), width: 1.5, dash: "dot" },
  };
  const lowest = Math.min(...points.map((point) => nines(point.attained[1])));
  const layout = {
    ...base(),
    margin: { l: 8, r: 14, t: 14, b: 8 },
    hovermode: "closest",
    xaxis: axis({ title: { text: "GPU-hours", standoff: 8 }, rangemode: "normal" }),
    yaxis: axis({
      title: { text: "requests within the SLO", standoff: 8 },
      range: [Math.min(1.7, lowest - 0.25), NINES_MAX + 0.25],
      tickvals: [...NINES.map(nines), NINES_MAX],
      ticktext: [...NINES.map((share) => `${+(100 * share).toFixed(2)} %`), "all"],
    }),
    shapes: [{
      type: "line", xref: "paper", x0: 0, x1: 1, y0: nines(0.99), y1: nines(0.99),
      line: { color: color("slo"), width: 1, dash: "dash" },
    }],
  };
  Plotly.react("pareto", [line, marks], layout, settings);
}

function spread(points, of) {
  const ends = points.map(of);
  return {
    type: "data", symmetric: false, thickness: 1, width: 0, color: color("soft"),
    array: ends.map(([mean, , high]) => Math.max(0, high - mean)),
    arrayminus: ends.map(([mean, low]) => Math.max(0, mean - low)),
  };
}

function drawRun() {
  const run = data.runs[document.getElementById("policy").value];
  const panels = [
    { title: "prompt tokens/s", traces: [line(run.hours, run.input, "load", "arriving")] },
    { title: "written tokens/s", traces: [line(run.hours, run.output, "load", "written")] },
    { title: "prefill replicas", traces: pool(run, "prefill") },
    { title: "decode replicas", traces: pool(run, "decode") },
    { title: "TTFT p90, ms", traces: [line(run.hours, run.ttft, "prefill", "TTFT p90")], target: data.sloMs.ttft },
    { title: "TBT p90, ms", traces: [line(run.hours, run.tbt, "decode", "TBT p90")], target: data.sloMs.tbt },
  ];
  const layout = {
    ...base(),
    margin: { l: 8, r: 14, t: 26, b: 8 },
    hovermode: "x unified",
    hoversubplots: "axis",
    xaxis: axis({
      anchor: "y6", ticksuffix: " h", hoverformat: ".2f", range: [run.hours[0], run.hours[run.hours.length - 1]],
      spikecolor: color("soft"), spikethickness: 1, spikedash: "solid",
    }),
    annotations: [],
    shapes: [],
  };
  const traces = [];
  const gap = 0.038;
  const height = (1 + gap) / panels.length - gap;
  panels.forEach((panel, index) => {
    const top = 1 - index * (height + gap);
    const name = index === 0 ? "y" : `y${index + 1}`;
    const log = panel.target !== undefined && isWide(panel);
    layout[index === 0 ? "yaxis" : `yaxis${index + 1}`] = axis({
      domain: [Math.max(0, top - height), top], rangemode: log ? "normal" : "tozero", nticks: 4,
      type: log ? "log" : "linear", ...(log ? { dtick: 1 } : {}),
    });
    layout.annotations.push({
      text: panel.title, xref: "paper", yref: "paper", x: 0, y: top, xanchor: "left", yanchor: "bottom",
      showarrow: false, font: { color: color("ink"), size: narrow() ? 11 : 12 },
    });
    if (panel.target !== undefined) {
      layout.shapes.push({
        type: "line", xref: "paper", x0: 0, x1: 1, yref: name, y0: panel.target, y1: panel.target,
        line: { color: color("slo"), width: 1, dash: "dash" },
      });
    }
    traces.push(...panel.traces.map((trace) => ({ ...trace, xaxis: "x", yaxis: name })));
  });
  Plotly.react("run", traces, layout, settings);
}

function isWide(panel) {
  const known = panel.traces[0].y.filter((value) => value > 0);
  return known.length > 0 && Math.max(...known) > 10 * panel.target;
}

function line(x, y, hue, name) {
  return { x, y, name, mode: "lines", line: { color: color(hue), width: 1.4 }, hovertemplate: "%{y:,.4~r}" };
}

function pool(run, role) {
  const moves = run.decisions.filter((one, index) => index === 0 || one[role] !== run.decisions[index - 1][role]);
  return [
    {
      x: run.hours, y: run[`${role}Ready`], name: "ready", mode: "lines", fill: "tozeroy", hovertemplate: "%{y}",
      line: { color: color(role), width: 0, shape: "hv" }, fillcolor: tinted(color(role)),
    },
    {
      x: run.hours, y: run[`${role}Wanted`], name: "wanted", mode: "lines", hovertemplate: "%{y}",
      line: { color: color(role), width: 1.4, shape: "hv" },
    },
    {
      x: moves.map((one) => one.hour), y: moves.map((one) => one[role]), name: "resized", mode: "markers",
      marker: { color: color(role), size: 5 }, customdata: moves.map(because),
      hovertemplate: "%{customdata}",
    },
  ];
}

function because(move) {
  return wrapped(move.why.includes("->") ? move.why.replace("->", "→") : `${move.change}: ${move.why}`);
}

function tinted(hue) {
  return `${hue}38`;
}

function wrapped(text) {
  const width = narrow() ? 34 : 70;
  const lines = [""];
  for (const word of text.replace(/&/g, "&amp;").replace(/</g, "&lt;").split(" ")) {
    if (lines[lines.length - 1].length + word.length > width) lines.push("");
    lines[lines.length - 1] += `${word} `;
  }
  return lines.join("<br>");
}

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

async function start() {
  const script = document.createElement("script");
  script.textContent = await unpacked("library");
  document.head.append(script);
  window.Plotly ??= window.moduleName;
  const draw = () => { drawPareto(); drawRun(); };
  draw();
  document.getElementById("policy").addEventListener("change", drawRun);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.documentElement.dataset.drawn = "yes";
}

start();
