"use strict";
(function () {
  var search = document.getElementById("search");
  var table = document.getElementById("changed");
  if (!search || !table) return;
  var found = document.getElementById("found");
  var rows = Array.prototype.slice.call(table.tBodies[0].rows).map(function (row) {
    return [row, row.textContent.toLowerCase()];
  });
  // On a narrow screen the first ones are enough until somebody asks.
  var all = document.getElementById("all");
  if (rows.length > 20) table.classList.add("few");
  all.addEventListener("click", function () { table.classList.remove("few"); });
  function look() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    rows.forEach(function (row) {
      var fits = words.every(function (word) { return row[1].indexOf(word) >= 0; });
      row[0].hidden = !fits;
      if (fits) shown += 1;
    });
    found.textContent = shown + " / " + rows.length;
  }
  search.addEventListener("input", function () { table.classList.remove("few"); look(); });
  look();
})();
