// What the pages do beyond showing: charts of the last hour, and a word when the daemon is gone.
"use strict";

// A lost daemon is told once, and the word goes away when it answers again.
const lost = document.getElementById("lost");
if (lost) {
  document.body.addEventListener("htmx:sendError", () => { lost.hidden = false; });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) lost.hidden = true;
    // The session has ended: the door is shown instead.
    if (event.detail.xhr && event.detail.xhr.status === 401) location.reload();
  });
}

const areas = document.querySelectorAll("[data-chart]");
const style = getComputedStyle(document.documentElement);
const color = (name) => style.getPropertyValue(name).trim();

// plot draws a series, and returns what renews it.
function plot(area, series, times) {
  const height = 140;
  const chart = new uPlot({
    width: area.clientWidth, height: height,
    cursor: { show: false }, legend: { show: false },
    scales: { x: { time: true }, y: { range: (u, least, most) => [Math.min(0, least), Math.max(series.unit === "%" ? 100 : 10, most * 1.1)] } },
    axes: [
      { stroke: color("--soft"), grid: { stroke: color("--edge"), width: 1 }, ticks: { show: false }, size: 28, space: 70,
        values: (u, at) => at.map((t) => new Date(t * 1000).toTimeString().slice(0, u.scales.x.max - u.scales.x.min < 600 ? 8 : 5)) },
      { stroke: color("--soft"), grid: { stroke: color("--edge"), width: 1 }, ticks: { show: false }, size: 40, space: 40 },
    ],
    series: [{}, { stroke: color("--accent"), width: 2, spanGaps: false, points: { show: false } }],
  }, [times, series.values], area);
  new ResizeObserver(() => chart.setSize({ width: area.clientWidth, height: height })).observe(area);
  return (newTimes, values) => chart.setData([newTimes, values]);
}

const drawn = new Map();
async function renew() {
  const answer = await fetch("/data/readings.json", { credentials: "same-origin" });
  if (!answer.ok) return;
  const data = await answer.json();
  for (const series of data.series) {
    const area = document.querySelector('[data-chart="' + CSS.escape(series.name) + '"]');
    if (!area) continue;
    if (drawn.has(series.name)) drawn.get(series.name)(data.times, series.values);
    else drawn.set(series.name, plot(area, series, data.times));
    const now = document.querySelector('[data-now="' + CSS.escape(series.name) + '"]');
    const last = series.values[series.values.length - 1];
    if (now && last !== null) now.textContent = Math.round(last) + " " + series.unit;
  }
}
if (areas.length > 0 && window.uPlot) {
  const look = () => { if (!document.hidden) renew().catch(() => {}); };
  look();
  setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
}
