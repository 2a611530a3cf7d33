"""How packs are trained: the work of one worker, and Ray, which starts and feeds the workers."""
