import {h} from "retryproof/parts/dom";

document.getElementById("page").append(h("main", {}, h("h1", {text: "retryproof"})));
