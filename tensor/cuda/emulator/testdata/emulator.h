// A kernel as a function of one thread.
struct Known {
  const char *entry;
  void (*run)(const Parameters);
  bool waits;
};
