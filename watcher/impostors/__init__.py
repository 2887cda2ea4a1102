"""Who borrows a brand's name: sweeps of likely names, and accounts and links held against brands.

`suspicion` judges what posts bring, `sweep` goes looking; both feed the same suspects in the store.
"""
