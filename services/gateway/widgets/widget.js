/* Parley's web widget: <script src="https://GATEWAY/widget.js" data-widget="ID" async></script>
 *
 * Nothing inline: styles go in as a constructed sheet, texts as text nodes. The page holds a visitor's token, never a key. */
(() => {
  "use strict";

  var script = document.currentScript || document.querySelector("script[data-widget]");
  if (!script || !script.dataset.widget || window.__parleyWidget) return;
  window.__parleyWidget = true;

  var ID = script.dataset.widget;
  var BASE = script.src.replace(/\/widget\.js(\?.*)?$/, "");
  var STORE = "parley:" + BASE + ":" + ID;
  var QUIET_MS = 40000; // the gateway gives a sign of life every 15 seconds
  var RENEW_MS = 30000; // before the token ends
  var EDGE = 1600, VOICE_MS = 60000; // pixels of a picture, and how long a voice message may be

  var WORDS = {
    en: {
      open: "Open chat", close: "Close chat", write: "Write a message", send: "Send", you: "You", bot: "Assistant",
      person: "Colleague", up: "This helped", down: "This did not help", thanks: "Thank you for telling us.",
      taken: "A person is with you.", released: "The assistant is with you again.",
      ended: "This conversation has ended.", again: "Begin a new one", typing: "Writing…",
      lost: "No connection. Trying again…", failed: "Not sent.", retry: "Send again", unread: "unread",
      closed: "Chat is not available here.", later: "Too many at once; try again in a moment.",
      attach: "Send a picture", picture: "Picture", unreadable: "This picture cannot be read.",
      record: "Record a voice message", stop: "Stop and send", recording: "Recording…", voice: "Voice message",
      silent: "Nothing was understood.", mute: "The microphone cannot be used."
    },
    zh: {
      open: "打开对话", close: "关闭对话", write: "输入消息", send: "发送", you: "您", bot: "智能助手",
      person: "客服人员", up: "有帮助", down: "没有帮助", thanks: "感谢您的反馈。",
      taken: "人工客服已接入。", released: "智能助手继续为您服务。",
      ended: "本次对话已结束。", again: "开始新的对话", typing: "正在输入…",
      lost: "连接已断开，正在重试…", failed: "未发送。", retry: "重新发送", unread: "条未读",
      closed: "此页面无法使用对话。", later: "请求过多，请稍后再试。",
      attach: "发送图片", picture: "图片", unreadable: "无法发送此图片。",
      record: "录制语音消息", stop: "停止并发送", recording: "正在录音…", voice: "语音消息",
      silent: "未能听清。", mute: "无法使用麦克风。"
    }
  };

  var CSS =
    ":host{all:initial}*{box-sizing:border-box;font:inherit;letter-spacing:normal}" +
    ".w{font:15px/1.45 system-ui,-apple-system,'Segoe UI','PingFang SC','Microsoft YaHei',sans-serif;color:#1c1f24;" +
    "position:fixed;right:20px;bottom:20px;z-index:2147483000;display:flex;flex-direction:column;align-items:flex-end}" +
    "button,textarea{margin:0;border:0;background:none;color:inherit}button{cursor:pointer}" +
    "button:focus-visible,textarea:focus-visible,a:focus-visible,.log:focus-visible{outline:3px solid #ffb000;outline-offset:2px}" +
    ".fab{width:56px;height:56px;border-radius:28px;background:var(--c);color:var(--t);font-size:24px;" +
    "box-shadow:0 4px 14px rgba(0,0,0,.3);position:relative}" +
    ".badge{position:absolute;top:-4px;right:-4px;min-width:22px;height:22px;border-radius:11px;background:#b3001b;" +
    "color:#fff;font-size:13px;line-height:22px;padding:0 5px}" +
    ".panel{width:372px;height:min(600px,calc(100vh - 110px));display:flex;flex-direction:column;background:#fff;" +
    "border-radius:14px;box-shadow:0 8px 34px rgba(0,0,0,.3);overflow:hidden;margin-bottom:12px}" +
    "[hidden]{display:none!important}.head{display:flex;align-items:center;gap:8px;background:var(--c);color:var(--t);" +
    "padding:10px 8px 10px 16px}.head h2{flex:1;margin:0;font-size:16px;font-weight:600;overflow-wrap:anywhere}" +
    ".head button{width:40px;height:40px;font-size:22px;border-radius:8px}" +
    ".log{flex:1;overflow-y:auto;padding:14px;display:flex;flex-direction:column;gap:8px;overscroll-behavior:contain}" +
    ".m{max-width:86%;align-self:flex-start;display:flex;flex-direction:column;gap:5px;align-items:flex-start}" +
    ".m.customer{align-self:flex-end;align-items:flex-end}" +
    ".b{background:#eef0f4;border-radius:14px;padding:8px 12px;white-space:pre-wrap;overflow-wrap:anywhere}" +
    ".customer .b{background:var(--c);color:var(--t)}.colleague .b{background:#fff3d6}.m.failed .b{opacity:.65}" +
    ".who{font-size:12px;color:#555c68}.note{align-self:center;text-align:center;font-size:13px;color:#555c68}" +
    ".b a{color:inherit;text-decoration:underline}" +
    ".row{display:flex;flex-wrap:wrap;gap:6px}.chip{border:1px solid var(--c);border-radius:16px;padding:6px 12px;" +
    "min-height:34px;color:#1c1f24;background:#fff;text-align:start;overflow-wrap:anywhere}" +
    ".thumb{width:34px;height:34px;border-radius:8px;opacity:.75}.thumb[aria-pressed=true]{opacity:1;background:#dfe6f3}" +
    ".cards{display:flex;gap:8px;overflow-x:auto;max-width:100%;padding:2px}.card{flex:0 0 200px;border:1px solid #d7dbe2;" +
    "border-radius:10px;padding:10px;font-size:13px;overflow-wrap:anywhere}.card img{width:100%;height:110px;object-fit:cover;" +
    "border-radius:6px}.card strong{font-weight:600;display:block}.card p{margin:4px 0 0}" +
    ".bar{font-size:13px;padding:6px 14px;background:#fff3d6}.form{display:flex;gap:6px;padding:10px;border-top:1px solid #d7dbe2}" +
    "textarea{flex:1;resize:none;min-height:44px;max-height:120px;padding:10px;border:1px solid #8a919e;border-radius:10px;" +
    "font-size:16px;background:#fff}.send{background:var(--c);color:var(--t);border-radius:10px;padding:0 16px;min-width:44px}" +
    ".tool{width:40px;min-height:44px;font-size:20px;border-radius:10px}.tool[aria-pressed=true]{background:#b3001b}" +
    ".send:disabled,.tool:disabled{opacity:.5;cursor:default}.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}" +
    "@media (max-width:480px){.w.open{inset:0;right:0;bottom:0}.w.open .fab{display:none}" +
    ".panel{width:100vw;height:100vh;height:100dvh;border-radius:0;margin:0}.w{right:12px;bottom:12px}}" +
    "@media (prefers-color-scheme:dark){.panel,textarea,.chip{background:#1d2026;color:#eceef2}.b{background:#31353e;color:#eceef2}" +
    ".colleague .b,.bar{background:#4a3d1a;color:#fff}.who,.note{color:#aab1bd}.form,.card{border-color:#3a3f49}.thumb[aria-pressed=true]{background:#3d4757}}" +
    "@media (prefers-reduced-motion:no-preference){.panel{animation:p .16s ease-out}@keyframes p{from{opacity:0;transform:translateY(10px)}}}";

  // ---- what is kept in the browser: a way back to the conversation, and what is not known to have arrived
  var memory = {};
  function recall() {
    try { return JSON.parse(localStorage.getItem(STORE)) || {}; } catch (_) { return memory; }
  }
  function keep(changes) {
    memory = Object.assign(recall(), changes);
    try { localStorage.setItem(STORE, JSON.stringify(memory)); } catch (_) { /* private windows: until the page goes */ }
  }

  function el(tag, props, children) {
    var node = document.createElement(tag);
    if (tag === "button") node.type = tag;
    Object.keys(props || {}).forEach((name) => {
      if (name.indexOf("on") === 0) node.addEventListener(name.slice(2), props[name]);
      else if (name === "text") node.textContent = props[name];
      else if (props[name] !== null && props[name] !== undefined) node.setAttribute(name, props[name]);
    });
    (children || []).forEach((child) => { if (child) node.appendChild(child); });
    return node;
  }

  function called(node, name) { node.setAttribute("aria-label", name); }

  function safeUrl(text) {
    try { var url = new URL(text); return /^https?:$/.test(url.protocol) ? url.href : null; } catch (_) { return null; }
  }

  function anchor(href, text) { return el("a", { href: href, target: "_blank", rel: "noopener noreferrer", text: text }); }

  /** A text as nodes: addresses become links, everything else stays text. */
  function fill(node, text) {
    text.split(/(https?:\/\/[^\s<>"'，。；、！？）】]*[^\s<>"'，。；、！？）】.,;:!?)\]])/).forEach((part, odd) => {
      var href = odd % 2 ? safeUrl(part) : null;
      node.appendChild(href
        ? anchor(href, part)
        : document.createTextNode(part));
    });
    return node;
  }

  function readable(colour) {
    var n = parseInt(colour.slice(1), 16);
    var light = [n >> 16, (n >> 8) & 255, n & 255].map((v) => {
      v /= 255;
      return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.3 ? "#111" : "#fff";
  }

  function uuid() {
    return crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-");
  }

  // ---- the view
  var language = pickLanguage(script.dataset.language);
  var T = WORDS[language];
  var host = el("div", { id: "parley-widget" });
  var root = host.attachShadow({ mode: "open" });
  var box, fab, badge, panel, title, log, bar, barText, live, input, send, file, attach, mic;
  var shown = {}, mine = {}, drafts = {}, brought = {}, unread = 0, chips = null, ended = false, recorder = null;

  function pickLanguage(wished) {
    var tag = wished && wished !== "auto" ? wished : document.documentElement.lang || navigator.language || "en";
    return /^zh/i.test(tag) ? "zh" : "en";
  }

  function build() {
    var sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    badge = el("span", { class: "badge", hidden: "", "aria-hidden": "true" });
    fab = el("button", { class: "fab", "aria-expanded": "false", "aria-controls": "panel", onclick: toggle },
      [el("span", { text: "💬", "aria-hidden": "true" }), badge]);
    title = el("h2", { id: "title", text: "Chat" });
    log = el("div", { class: "log", role: "log", tabindex: "0", "aria-labelledby": "title" });
    barText = el("span", {});
    bar = el("div", { class: "bar", hidden: "" }, [barText]);
    live = el("div", { class: "sr", role: "status" });
    input = el("textarea", { rows: "1", maxlength: "10000", onkeydown: onKey, oninput: grow });
    send = el("button", { class: "send", type: "submit" });
    file = el("input", { type: "file", accept: "image/*", hidden: "", onchange: pick });
    attach = el("button", { class: "tool", text: "📎", hidden: "", onclick: () => { file.click(); } });
    mic = el("button", { class: "tool", text: "🎤", hidden: "", onclick: record });
    panel = el("section", { class: "panel", id: "panel", role: "dialog", "aria-labelledby": "title", hidden: "" }, [
      el("div", { class: "head" }, [title,
        el("button", { class: "x", text: "×", onclick: close })]),
      log, bar,
      el("form", { class: "form", onsubmit: submit }, [file, attach, mic, input, send])
    ]);
    box = el("div", { class: "w" }, [panel, fab, live]);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !panel.hidden) { event.stopPropagation(); close(); }
    });
    dress({ colour: "#1f5fbf", title: "Chat", language: "auto" });
    root.appendChild(box);
    document.body.appendChild(host);
  }

  function dress(look) {
    if (!script.dataset.language && look.language !== "auto") language = pickLanguage(look.language);
    T = WORDS[language];
    box.lang = language === "zh" ? "zh-CN" : "en";
    box.style.setProperty("--c", look.colour);
    box.style.setProperty("--t", readable(look.colour));
    title.textContent = look.title;
    called(input, T.write);
    input.placeholder = T.write;
    send.textContent = T.send;
    called(panel.querySelector(".x"), T.close);
    called(attach, T.attach);
    attach.hidden = !look.pictures;
    mic.hidden = !look.voice || !window.MediaRecorder || !navigator.mediaDevices;
    press();
    label();
  }

  function label() {
    called(fab, (panel.hidden ? T.open : T.close) + (unread ? " (" + unread + " " + T.unread + ")" : ""));
    badge.textContent = unread;
    badge.hidden = !unread;
  }

  function toggle() { if (panel.hidden) open(); else close(); }

  function open() {
    panel.hidden = false;
    unread = 0;
    box.classList.add("open");
    fab.setAttribute("aria-expanded", "true");
    label();
    keep({ open: true });
    input.focus();
    scroll();
    connect();
  }

  function close() {
    panel.hidden = true;
    drop();
    box.classList.remove("open");
    fab.setAttribute("aria-expanded", "false");
    label();
    keep({ open: false });
    fab.focus();
  }

  function onKey(event) {
    // Enter also ends the choice of Chinese characters; that one is none of ours.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  }

  function grow() {
    input.style.height = "auto";
    input.style.height = Math.min(input.scrollHeight, 120) + "px";
  }

  function submit(event) {
    if (event) event.preventDefault();
    var text = input.value.trim();
    if (!text || ended) return;
    input.value = "";
    grow();
    say(text);
  }

  function scroll() { log.scrollTop = log.scrollHeight; }

  function who(message) {
    return message.role === "customer" ? T.you : message.role === "bot" ? T.bot : message.author || T.person;
  }

  function bubble(message) {
    var content = message.content || (message.role === "customer" ? "📎 " + T.picture : "");
    var words = fill(el("div", { class: "b" }), content);
    var name = el("span", { class: message.role === "colleague" ? "who" : "sr", text: who(message) + ": " });
    return el("div", { class: "m " + message.role }, [name, content ? words : null]);
  }

  function note(text, button) {
    var line = el("div", { class: "note", text: text }, [button]);
    log.appendChild(line);
    scroll();
    return line;
  }

  function inform(text) {
    barText.textContent = text || "";
    bar.hidden = !text;
    live.textContent = text || "";
  }

  function offer(texts) {
    if (chips) chips.remove();
    chips = texts && texts.length ? el("div", { class: "row" }, texts.map((text) => {
      return el("button", { class: "chip", text: text, onclick: () => { say(text); input.focus(); } });
    })) : null;
    if (chips) log.appendChild(chips);
  }

  function cards(list) {
    return el("div", { class: "cards", role: "list", tabindex: "0" }, list.map((card) => {
      var href = card.url && safeUrl(card.url), source = card.image_url && safeUrl(card.image_url);
      var picture = source && el("img", { src: source, alt: "", loading: "lazy", referrerpolicy: "no-referrer" });
      if (picture) picture.addEventListener("error", () => { picture.remove(); });
      var name = href
        ? anchor(href, card.title)
        : el("span", { text: card.title });
      return el("div", { class: "card", role: "listitem" }, [picture, el("strong", {}, [name]),
        card.price ? el("span", { text: card.price }) : null, card.text ? el("p", { text: card.text }) : null]);
    }));
  }

  function thumbs(turn) {
    var given = (recall().rated || {})[turn];
    var buttons = [["up", "👍"], ["down", "👎"]].map((kind) => {
      return el("button", {
        class: "thumb", "aria-label": T[kind[0]], title: T[kind[0]], text: kind[1],
        "aria-pressed": String(given === kind[0]), onclick: () => { rate(kind[0]); }
      });
    });
    function rate(rating) {
      call("/v1/feedback", { turn_id: turn, rating: rating }).then(() => {
        var rated = recall().rated || {};
        rated[turn] = rating;
        keep({ rated: rated });
        buttons.forEach((button, at) => { button.setAttribute("aria-pressed", String((at ? "down" : "up") === rating)); });
        live.textContent = T.thanks;
      }).catch(() => { live.textContent = T.failed; });
    }
    return el("div", { class: "row" }, buttons);
  }

  // ---- the conversation
  function say(text) {
    var id = uuid();
    var pending = recall().pending || [];
    pending.push({ id: id, content: text });
    keep({ pending: pending });
    draw(id, text);
    transmit(id, text);
  }

  // ---- a picture, made small here (which leaves out where it was taken), and a voice message; neither is kept in the browser
  function bring(label, body) {
    var id = uuid();
    brought[id] = { content: label, body: body };
    draw(id, label);
    post(id, body);
  }

  function base64(blob) {
    return new Promise((done, failed) => {
      var reader = new FileReader();
      reader.onload = () => { done(reader.result); };
      reader.onerror = failed;
      reader.readAsDataURL(blob);
    });
  }

  function pick() {
    var chosen = file.files[0];
    file.value = "";
    if (!chosen || ended) return;
    createImageBitmap(chosen).then((image) => {
      var scale = Math.min(1, EDGE / Math.max(image.width, image.height));
      var canvas = el("canvas", { width: Math.ceil(image.width * scale), height: Math.ceil(image.height * scale) });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      return new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.9); });
    }).then(base64).then((url) => {
      var text = input.value.trim();
      input.value = "";
      grow();
      bring("📎 " + (text || T.picture), { content: text, picture: url });
    }).catch(() => { inform(T.unreadable); });
    input.focus();
  }

  function record() {
    if (recorder) { recorder.stop(); return; }
    navigator.mediaDevices.getUserMedia({ audio: true }).then((sound) => {
      var one = recorder = new MediaRecorder(sound), parts = [], late = setTimeout(() => { one.stop(); }, VOICE_MS);
      one.ondataavailable = (event) => { parts.push(event.data); };
      one.onstop = () => {
        clearTimeout(late);
        sound.getTracks().forEach((track) => { track.stop(); });
        recorder = null;
        press();
        if (one.dropped || ended) return;
        base64(new Blob(parts)).then((url) => { bring("🎤 " + T.voice, { sound: url.split(",")[1] }); });
      };
      one.start();
      press();
      inform("");
      live.textContent = T.recording;
    }).catch(() => { inform(T.mute); });
  }

  function press() {
    mic.setAttribute("aria-pressed", String(!!recorder));
    called(mic, recorder ? T.stop : T.record);
  }

  /** What is being recorded is not sent. */
  function drop() {
    if (recorder) { recorder.dropped = true; recorder.stop(); }
  }

  function draw(id, text) {
    offer(null);
    mine[id] = bubble({ role: "customer", content: text });
    log.appendChild(mine[id]);
    scroll();
    if (where.status !== "handed_over") wait(id);
  }

  function wait(id) {
    if (drafts[id]) return;
    var words = el("div", { class: "b", text: T.typing });
    drafts[id] = { text: "", words: words, node: el("div", { class: "m bot draft", "aria-hidden": "true" }, [words]) };
    log.appendChild(drafts[id].node);
    scroll();
  }

  function settle(id) {
    delete brought[id];
    keep({ pending: (recall().pending || []).filter((one) => one.id !== id) });
  }

  function undraft(id) {
    if (drafts[id]) { drafts[id].node.remove(); delete drafts[id]; }
  }

  function undraftAll() { Object.keys(drafts).forEach(undraft); }

  function fail(id, error) {
    undraft(id);
    var said = brought[id] || (recall().pending || []).find((one) => one.id === id);
    if (!mine[id] && said) draw(id, said.content);
    var node = mine[id];
    if (!node) return;
    undraft(id);
    node.classList.add("failed");
    var why = { rate_limit_exceeded: T.later, silent: T.silent }[error && error.code] || T.failed;
    var line = el("div", { class: "note", role: "alert", text: why + " " });
    if (said) line.appendChild(el("button", {
      class: "chip", text: T.retry, onclick: () => {
        line.remove();
        node.classList.remove("failed");
        wait(id);
        if (said.body) post(id, said.body); else transmit(id, said.content);
      }
    }));
    node.appendChild(line);
    scroll();
  }

  var hear = {
    status: (frame) => {
      var before = where.status;
      where.status = frame.status;
      if (frame.position) where.position = frame.position;
      if (frame.status === "ended") return end();
      if (frame.status === "handed_over" && before !== "handed_over") inform(T.taken);
      if (frame.status === "open" && before === "handed_over") inform(T.released);
      if (frame.status === "handed_over") undraftAll();
    },
    delta: (frame) => {
      var draft = drafts[frame.say];
      if (!draft) return;
      draft.text += frame.text;
      draft.words.textContent = draft.text;
      scroll();
    },
    message: (frame) => {
      var message = frame.message;
      if (frame.position) where.position = frame.position;
      if (message.say && message.role === "customer") settle(message.say);
      if (message.say && (message.role === "bot" || where.status === "handed_over")) undraft(message.say);
      if (message.role === "bot" && barText.textContent === T.released) inform("");
      if (shown[message.id]) return;
      shown[message.id] = true;
      var own = message.role === "customer" && mine[message.say];
      if (own) {
        if (message.content) { own.lastChild.textContent = ""; fill(own.lastChild, message.content); } // what was heard
        return;
      }
      var node = bubble(message);
      if (message.cards && message.cards.length) node.appendChild(cards(message.cards));
      if (message.role === "bot" && message.turn_id) node.appendChild(thumbs(message.turn_id));
      log.appendChild(node);
      Object.keys(drafts).forEach((id) => { log.appendChild(drafts[id].node); });
      offer(message.role === "customer" ? null : message.suggestions);
      if (panel.hidden && message.role !== "customer") { unread += 1; label(); }
      scroll();
    },
    error: (frame) => {
      if (frame.say) fail(frame.say, frame.error);
    },
    alive: () => {}
  };

  function end() {
    if (ended) return;
    ended = true;
    undraftAll();
    offer(null);
    drop();
    disable(true);
    note(T.ended + " ", el("button", { class: "chip", text: T.again, onclick: anew }));
    link.stop();
  }

  function disable(yes) { [input, send, attach, mic].forEach((one) => { one.disabled = yes; }); }

  function anew() {
    keep({ resume: null, pending: [], rated: {} });
    shown = {}; mine = {}; drafts = {}; brought = {}; chips = null; ended = false; session = conversation = null; where = {};
    log.textContent = "";
    disable(false);
    input.focus();
    connect();
  }

  // ---- the way there: a session, then a WebSocket, or event streams where none gets through
  var session = null, conversation = null, where = {}, opening = null, noSocket = !window.WebSocket, tries = 0, timer = null;

  function call(path, body) {
    return authorized().then((headers) => {
      return fetch(BASE + path, { method: "POST", headers: headers, body: JSON.stringify(body), credentials: "omit" });
    }).then((response) => response.ok ? response : refuse(response));
  }

  function refuse(response) {
    return response.json().catch(() => { return {}; }).then((body) => {
      var error = new Error((body.error && body.error.message) || response.status);
      error.status = response.status;
      error.code = body.error && body.error.code;
      error.after = 1000 * (response.headers.get("Retry-After") || 0);
      throw error;
    });
  }

  function authorized() {
    return enter().then((one) => {
      return { "Content-Type": "application/json", Authorization: "Bearer " + one.token };
    });
  }

  function enter() {
    if (session && session.expires_at * 1000 - Date.now() > RENEW_MS) return Promise.resolve(session);
    if (opening) return opening;
    opening = fetch(BASE + "/v1/widgets/" + encodeURIComponent(ID) + "/sessions", {
      method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" },
      body: JSON.stringify(recall().resume ? { resume: recall().resume } : {})
    }).then((response) => response.ok ? response.json() : refuse(response)).then((got) => {
      session = got;
      keep({ resume: got.resume });
      if (conversation !== got.conversation_id) greet(got);
      return got;
    });
    opening.then(() => { opening = null; }, () => { opening = null; });
    return opening;
  }

  function greet(got) {
    dress(got.widget);
    if (conversation) { log.textContent = ""; shown = {}; where = {}; }
    conversation = got.conversation_id;
    if (!log.firstChild) offer(got.widget.suggestions);
    if (got.widget.greeting) log.prepend(bubble({ role: "bot", content: got.widget.greeting }));
  }

  var link = {
    now: null,
    start: () => {
      if (link.now || ended) return;
      link.now = { alive: Date.now() };
      var mineOnly = link.now;
      enter().then(() => {
        if (link.now !== mineOnly) return;
        (noSocket ? stream : socket)(mineOnly);
      }).catch((error) => { link.lost(mineOnly, error); });
    },
    stop: () => {
      var old = link.now;
      link.now = null;
      if (old && old.close) old.close();
    },
    up: (one) => {
      one.up = true;
      tries = 0;
      if (barText.textContent === T.lost) inform("");
      (recall().pending || []).forEach((said) => { transmit(said.id, said.content); });
    },
    lost: (one, error) => {
      if (link.now !== one) return;
      link.stop();
      if (ended) return;
      if (!one.up) noSocket = !window.WebSocket; // neither way was open: not the socket's fault
      if (error && error.status >= 400 && error.status < 500 && error.status !== 429 && error.status !== 401) {
        console.warn("Parley: " + error.message);
        return inform(T.closed);
      }
      if (error && error.status === 401) session = null;
      tries += 1;
      if (tries > 1) inform(T.lost);
      clearTimeout(timer);
      var pause = Math.max((error && error.after) || 0, Math.min(30000, 500 * Math.pow(2, tries - 1)) * (0.5 + Math.random() / 2));
      timer = setTimeout(link.start, pause);
    }
  };

  function connect() { if (box) link.start(); }

  function take(one, frame) {
    one.alive = Date.now();
    if (!one.up && frame.type === "status") link.up(one);
    if (hear[frame.type]) hear[frame.type](frame);
  }

  function path(kind) {
    return "/v1/conversations/" + session.conversation_id + "/" + kind + (where.position ? "?after=" + where.position : "");
  }

  function socket(one) {
    var ws, opened = false;
    try {
      ws = new WebSocket(BASE.replace(/^http/, "ws") + path("socket"), ["parley.v1", "bearer." + session.token]);
    } catch (_) {
      noSocket = true;
      return stream(one);
    }
    one.close = () => { ws.close(); };
    one.send = (frame) => { ws.send(JSON.stringify(frame)); };
    ws.onopen = () => { opened = true; };
    ws.onmessage = (event) => { if (link.now === one) take(one, JSON.parse(event.data)); };
    // Chromium tells of a socket that the page's policy forbids by an error alone, without a close.
    ws.onerror = ws.onclose = () => {
      ws.onerror = ws.onclose = null;
      if (!opened && link.now === one) { noSocket = true; return stream(one); }
      link.lost(one);
    };
  }

  function stream(one) {
    var stopper = new AbortController();
    one.close = () => { stopper.abort(); };
    one.send = null;
    authorized().then((headers) => {
      return fetch(BASE + path("live"), { headers: headers, credentials: "omit", signal: stopper.signal });
    }).then((response) => response.ok ? response : refuse(response)).then((response) => {
      return frames(response, one, (frame) => { if (link.now === one) take(one, frame); });
    }).then(() => { link.lost(one); }, (error) => { link.lost(one, error); });
  }

  /** Reads server-sent events to their end. */
  function frames(response, one, each) {
    var reader = response.body.getReader(), decoder = new TextDecoder(), rest = "";
    function next() {
      return reader.read().then((chunk) => {
        if (chunk.done) return;
        if (one) one.alive = Date.now();
        rest += decoder.decode(chunk.value, { stream: true });
        var lines = rest.split("\n");
        rest = lines.pop();
        lines.forEach((line) => { if (line.indexOf("data: ") === 0) each(JSON.parse(line.slice(6))); });
        return next();
      });
    }
    return next();
  }

  function transmit(id, text) {
    var now = link.now;
    if (!now || !now.up) { connect(); return; } // what is pending goes out once the way is open
    if (now.send) { now.send({ type: "say", id: id, content: text }); return; }
    post(id, { content: text });
  }

  function post(id, body) {
    call("/v1/conversations/" + session.conversation_id + "/live", Object.assign({ id: id }, body)).then((response) => {
      return frames(response, null, (frame) => { if (hear[frame.type]) hear[frame.type](frame); });
    }).catch((error) => {
      fail(id, error);
    });
  }

  setInterval(() => {
    var now = link.now;
    if (now && now.up && Date.now() - now.alive > QUIET_MS) { link.lost(now); }
  }, 5000);
  window.addEventListener("online", () => { clearTimeout(timer); connect(); });

  function begin() {
    build();
    if (recall().open) open();
  }
  if (document.body) begin(); else document.addEventListener("DOMContentLoaded", begin);
})();
