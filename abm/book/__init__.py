"""Order books: the language of messages, matching, triggers, queries, and the face `orderbook.OrderBooks`."""
