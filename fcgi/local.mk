# fcgi: nothing yet
