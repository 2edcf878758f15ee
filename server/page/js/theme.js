// Light, dark, or as the system has it.
import { preference, setPreference } from "./store.js";

const order = ["system", "light", "dark"], signs = { system: "◐", light: "☀", dark: "☾" };

// wireTheme makes a button go through the themes.
export function wireTheme(button) {
  const show = theme => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = signs[theme];
    button.setAttribute("aria-label", "Theme: " + theme);
    button.title = "Theme: " + theme;
  };
  let theme = preference("theme", "system");
  show(theme);
  button.addEventListener("click", () => {
    theme = order[(order.indexOf(theme) + 1) % order.length];
    setPreference("theme", theme);
    show(theme);
  });
}
