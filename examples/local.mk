# examples: nothing yet
EXTRA_DIST += %D%/chat/page/index.html %D%/chat/page/chat.css \
  %D%/chat/page/chat.js %D%/chat/page/view.js
