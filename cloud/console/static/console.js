"use strict";
// Times as the reader's clock says them; without script they stay in UTC.
function localTimes(root) {
  for (const one of root.querySelectorAll("time[datetime]")) {
    const at = new Date(one.dateTime);
    if (!Number.isNaN(at.getTime())) {
      one.title = one.textContent;
      one.textContent = "hour" in one.dataset ? at.toLocaleTimeString() : at.toLocaleString();
    }
  }
}
localTimes(document);
